"""`mix`: every source's groups in every other, the table of the papers for one group, or one mix."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from backends.api import Array, BadRequest, ModelInfo
from backends.catalog import find
from explorer.latent import mixing
from explorer.latent.mixing import LETTERS, Group
from explorer.model.export import Origin, enlarged, sheet, write_png
from explorer.verbs.interpolate import code_of
from explorer.workers.headless import Host
from explorer.workers.terminal import check_ending

HELP = "put parts of some pictures into others and save the table"
SPLITS = "parts, principal, dimensions, or ranges such as 0-3,4-9"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="name or file of a model")
    parser.add_argument("--sources", default="1,2,3", help="two to eight seeds, codes or pictures (1,2,3)")
    parser.add_argument("--groups", default="principal", help=f"how to split the space: {SPLITS} (principal)")
    parser.add_argument("--choose", help="a source for each group, such as A,B,A: one mix, not the table")
    tabled = "the papers' table of one group, by name or number: sources down the side, givers along the top"
    parser.add_argument("--table", metavar="GROUP", help=tabled)
    parser.add_argument("--out", type=Path, default=Path("mix.png"), help="the picture (mix.png)")


def run(args: argparse.Namespace) -> int:
    check_ending(args.out, ".png")
    info = find(args.model)
    with Host() as host:
        codes = _sources(host, info, args.sources)
        groups = groups_of(host, info, args.groups)
        if args.choose:
            _save_mix(host, info, codes, groups, args)
        elif args.table is not None:
            _save_one(host, info, codes, _group(groups, args.table), args.out)
        else:
            _save_table(host, info, codes, groups, args.out)
    print(args.out)
    return 0


def _sources(host: Host, info: ModelInfo, text: str) -> Array:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not 2 <= len(words) <= len(LETTERS):
        raise BadRequest(
            f"A mix needs two to eight sources, not {len(words)}.", "Give seeds: --sources 1,2,3."
        )
    return mixing.settled(info.space, [code_of(host, info, word) for word in words])


def groups_of(host: Host, info: ModelInfo, text: str) -> list[Group]:
    if text == "parts":
        return mixing.by_part(info.space)
    if text == "dimensions":
        return mixing.by_dimension(info.space)
    if text == "principal":
        found = host.call("directions", info.path, options={"part": info.space.main.name})
        return mixing.by_direction(info.space, found.arrays["directions"])
    return mixing.by_ranges(info.space, text)


def _save_mix(
    host: Host, info: ModelInfo, codes: Array, groups: list[Group], args: argparse.Namespace
) -> None:
    letters = [word.strip().upper() for word in args.choose.split(",")]
    known = LETTERS[: len(codes)]
    if len(letters) != len(groups) or not all(len(a) == 1 and a in known for a in letters):
        names = ", ".join(g.name for g in groups)
        raise BadRequest(
            f"--choose needs one of {', '.join(known)} for each group.", f"The groups are: {names}."
        )
    mixed = mixing.mix(info.space, codes, groups, [known.index(a) for a in letters], [1.0] * len(groups))
    image = host.generate(info, mixed[None])[0]
    write_png(args.out, enlarged(image), Origin(info.space.unpack(mixed), info.name, info.checksum))


def _group(groups: list[Group], text: str) -> Group:
    """A group by its name, or by its number from 1."""
    named = [group for group in groups if group.name.lower() == text.lower()]
    if not named and text.isdecimal() and 1 <= int(text) <= len(groups):
        named = [groups[int(text) - 1]]
    if not named:
        known = ", ".join(group.name for group in groups)
        raise BadRequest(f"There is no group {text!r}.", f"The groups are: {known}.")
    return named[0]


def _save_one(host: Host, info: ModelInfo, codes: Array, group: Group, out: Path) -> None:
    """Sources along the side and the top; each cell is its row's source with the group of its column's."""
    count = len(codes)
    cells = mixing.table(info.space, codes, codes, [group]).reshape(-1, info.space.size)
    images = host.generate(info, np.concatenate([codes, cells]))
    sources, table = images[:count], images[count:].reshape(count, count, *images.shape[1:])
    rows = [np.concatenate([np.full_like(sources[:1], 255), sources])]
    rows += [np.concatenate([sources[i : i + 1], table[i]]) for i in range(count)]
    write_png(out, sheet(enlarged(np.concatenate(rows), 96), count + 1))
    print(f"each row's source with {group.name} of each column's")


def _save_table(host: Host, info: ModelInfo, codes: Array, groups: list[Group], out: Path) -> None:
    """A row for each receiver: itself, then for each group what it becomes with that of every giver."""
    table = mixing.transfer_table(info.space, codes, groups)  # [receiver, giver, group, D]
    rows = np.concatenate(
        [codes[:, None], table.transpose(0, 2, 1, 3).reshape(len(codes), -1, info.space.size)], 1
    )
    images = host.generate(info, rows.reshape(-1, info.space.size))
    write_png(out, sheet(enlarged(images, 112), rows.shape[1]))
    print("column 1: the receivers")
    letters = ", ".join(LETTERS[: len(codes)])
    for number, group in enumerate(groups):
        first = 2 + number * len(codes)
        print(f"columns {first} to {first + len(codes) - 1}: with {group.name} of {letters}")
