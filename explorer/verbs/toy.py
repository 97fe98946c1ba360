"""`toy`: a small model learns points in a plane; its steps as pictures or as one animation."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import BadSettings
from explorer.model.export import ending, save
from explorer.verbs.train import pair
from trainers.toys.presets import PRESETS
from trainers.toys.sentences import sentence
from trainers.toys.settings import KINDS, LOSSES, ToySettings

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from trainers.toys.toy import Snapshot

HELP = "watch a small model learn points in a plane: pictures or an animation of its steps"
SIDE, CAPTION = 480, 56  # pixels
FPS = 8.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = ", ".join([*KINDS, *PRESETS])
    parser.add_argument("name", help=f"what learns, or what to show: {names}")
    parser.add_argument("--loss", choices=tuple(LOSSES), help="of a game")
    parser.add_argument(
        "--data", help="the points to learn: ring, grid, swiss-roll, moons, spiral, silhouette"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="any other setting; may be repeated"
    )
    parser.add_argument("--steps", type=int, default=300, help="whole steps (300)")
    parser.add_argument("--pictures", type=int, default=24, help="pictures, evenly over the steps (24)")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument(
        "--out", type=Path, default=Path("toy.gif"), help=".gif or .mp4, .png (a sheet), or a folder of PNG"
    )


def run(args: argparse.Namespace) -> int:
    if args.steps < 1 or args.pictures < 1:
        raise BadSettings("A course needs a step and a picture at least.", "Use --steps 300 --pictures 24.")
    settings, acts = _asked(args)
    suffix = ending(args.out) if args.out.suffix else ""
    frames = []
    for seen in _seen(settings, acts, args.steps, args.pictures):
        frames.append(_pixels(_picture(settings, seen, args.theme)))
        print(f"step {seen.step:>5}  {sentence(settings, seen.step, seen.numbers).text}", flush=True)
    images = np.stack(frames)
    if suffix:
        columns = min(4, len(images))
        save(args.out, images, columns=columns) if suffix == ".png" else save(args.out, images, fps=FPS)
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(images):
            save(args.out / f"{index:03d}.png", image[None])
    print(args.out)
    return 0


def _asked(args: argparse.Namespace) -> tuple[ToySettings, list[tuple[str, int]]]:
    """Settings, and what is done before the steps."""
    if args.name in PRESETS and args.name not in KINDS:
        preset = PRESETS[args.name]
        values, acts = dict(preset.values), list(preset.acts)
    elif args.name in KINDS:
        values, acts = {"kind": args.name}, []
    else:
        known = ", ".join([*KINDS, *PRESETS])
        raise BadSettings(f"There is no toy named {args.name!r}.", f"There are: {known}.")
    values |= {name: value for name in ("loss", "data") if (value := getattr(args, name))}
    values |= dict(pair(text) for text in args.set)
    return ToySettings.from_mapping(values), acts


def _seen(
    settings: ToySettings, acts: list[tuple[str, int]], steps: int, pictures: int
) -> Iterator[Snapshot]:
    from trainers.toys.session import course  # torch

    last = steps + sum(count for _, count in acts)
    wanted = set(np.linspace(0, last, min(pictures, last + 1)).round().astype(int).tolist())
    for toy in course(settings, acts, steps):
        if toy.steps in wanted:
            yield toy.snapshot()


def _picture(settings: ToySettings, seen: Snapshot, theme: str) -> QImage:
    """What the Steps panel shows, with its sentence beneath."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QImage, QPainter, QPalette

    from explorer.app import make_qt
    from explorer.panels.steps_look import plane_of, real_of
    from explorer.ui.theme import palette
    from explorer.widgets.plane_view import inks, paint_plane

    make_qt()
    colours = palette(theme)
    image = QImage(SIDE, SIDE + CAPTION, QImage.Format.Format_RGB888)
    image.fill(colours.color(QPalette.ColorRole.Window))
    painter = QPainter(image)
    paint_plane(
        painter, QRectF(0, 0, SIDE, SIDE), plane_of(settings, seen.arrays(), real_of(settings)), inks(colours)
    )
    painter.setPen(colours.color(QPalette.ColorRole.WindowText))
    text = f"Step {seen.step}. {sentence(settings, seen.step, seen.numbers).text}"
    painter.drawText(QRectF(8, SIDE + 4, SIDE - 16, CAPTION - 8), Qt.TextFlag.TextWordWrap, text)
    painter.end()
    return image


def _pixels(image: QImage) -> np.ndarray:
    """`[H, W, 3]`, a copy."""
    height, width = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : 3 * width].reshape(height, width, 3).copy()
