"""What the README says is so: its table is the models' headers, its verbs and pictures exist."""

import re
from pathlib import Path

from backends.registry import families
from explorer import verbs
from explorer.model import tables
from explorer.model.published import PUBLISHED
from explorer.verbs.models import bundled, markdown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_models_is_what_their_headers_say():
    between = README.split("<!-- models:")[1].split("-->", 1)[1].split("<!-- /models -->")[0].strip()
    assert between == markdown(), "run: python main.py models --markdown, and put it into the README"


def test_the_table_of_families_is_what_the_headers_say():
    page = (ROOT / "docs/families.md").read_text(encoding="utf-8")
    between = page.split("<!-- families:")[1].split("-->", 1)[1].split("<!-- /families -->")[0].strip()
    assert between == tables.families(bundled()), (
        "run: python main.py models --families, and put it into docs/families.md"
    )
    ours = [name for name, family in families().items() if family.make.__module__.startswith("backends.")]
    assert [name for name in ours if f"`{name}`" not in page.split("##")[0]] == []


def test_bundled_models_say_what_their_training_took():
    assert [info.name for info in bundled() if not {"steps", "seconds", "seed"} <= set(info.trained)] == []
    recipes = {path.stem for path in (ROOT / "assets/recipes").glob("*.toml")}
    assert set(PUBLISHED) <= recipes | {info.name for info in bundled()}


def test_every_verb_shown_exists_and_every_verb_is_shown():
    shown = set(re.findall(r"^python main\.py ([a-z]+)", README, re.MULTILINE))
    assert shown == set(verbs.names())


def test_every_picture_is_there():
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert len(pictures) >= 5
    assert [p for p in pictures if not (ROOT / p).exists()] == []


def test_every_page_linked_is_there_and_every_page_is_linked():
    links = set(re.findall(r"(?<!!)\[[^\]]*\]\((docs/[^)]+)\)", README))
    assert links == {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")}
