"""Every command that the README and the docs show can be typed: verb, options, settings, data are there."""

import re
import shlex
from pathlib import Path
from string import Template

import pytest

import main as entry
from backends.catalog import find
from explorer import verbs
from explorer.verbs.train import pair
from trainers.data import describe
from trainers.recipes import names as recipes
from trainers.registry import trainer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```.*$", re.MULTILINE)
SPAN = re.compile(r"`((?:python )?main\.py [^`]+)`")
UNSAID = re.compile(r"…|VERB|--help")
PLACEHOLDER = re.compile(r"[A-Z]+\b")  # NAME, RUN, RUN/model.safetensors


def shown(text):
    """The commands of a page, each as the words after `main.py`; variables of a block are put in."""
    said = FENCE.split(text)  # prose and blocks in turn
    found = [line for prose in said[::2] for line in SPAN.findall(prose) if not UNSAID.search(line)]
    for block in said[1::2]:
        lines = block.replace("\\\n", " ")
        known = dict(re.findall(r'^(\w+)="(.*?)"', lines, re.MULTILINE | re.DOTALL))
        found += Template(lines).safe_substitute(known).splitlines()
    cut = (line.partition("main.py ")[2] for line in found if "main.py " in line)
    return [words for line in cut if (words := shlex.split(line, comments=True))]


COMMANDS = {
    f"{page.name}: {' '.join(words)}": words for page in PAGES for words in shown(page.read_text("utf-8"))
}


def test_there_are_commands():
    assert len(COMMANDS) > 50


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_shown_can_be_typed(line):
    verb, *rest = COMMANDS[line]
    if verb not in verbs.names():
        entry.parse(COMMANDS[line])
        return
    asked = verbs.parser(verb).parse_args(rest)
    named = [name for name in models_of(asked) if not PLACEHOLDER.match(name)]
    assert all(find(name) for name in named)
    if spec := getattr(asked, "data", ""):
        assert verb == "toy" or spec.partition(":")[0] in {kind.prefix for kind in describe()}
    if verb in ("train", "sweep") and asked.family and not PLACEHOLDER.match(asked.family):
        kind = trainer(asked.family).INFO.settings
        tried = [f"{key}={values.split(',')[0]}" for key, _, values in map(split, getattr(asked, "grid", []))]
        kind.from_mapping(dict(pair(text) for text in [*asked.set, *tried]))


def test_recipes_shown_are_there():
    told = {words[words.index("--recipe") + 1] for words in COMMANDS.values() if "--recipe" in words}
    assert {name for name in told if not PLACEHOLDER.match(name)} <= set(recipes())


def models_of(asked):
    found = [*getattr(asked, "models", []), getattr(asked, "model", ""), *getattr(asked, "others", [])]
    return [name for name in found if name]


def split(text):
    return text.partition("=")
