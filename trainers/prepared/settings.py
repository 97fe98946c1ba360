"""How pictures are prepared: the one definition from which dialog, command line and file are made."""

from __future__ import annotations

from dataclasses import dataclass

from backends.errors import BadSettings
from trainers.api import Checked, setting

CHANNELS = {"as they are": None, "grey": 1, "colour": 3}
PAPERS = {"white": 255, "black": 0, "grey": 128}


@dataclass(frozen=True)
class Preparation(Checked):
    """What becomes of every picture. `check` raises `BadSettings` with a sentence."""

    image_size: int = setting(
        64, "Height and width of the images, in pixels.", choices=(16, 28, 32, 64, 128), group="Shape"
    )
    fit: str = setting(
        "crop",
        "How a picture becomes a square: crop takes the largest square, pad adds paper at the short "
        "sides, stretch distorts.",
        choices=("crop", "pad", "stretch"),
        group="Shape",
    )
    centre: str = setting(
        "middle",
        "Around what: the middle of the picture, or its content (what isn't transparent or differs from the "
        "colour of its corners), so that all things are as large and in the same place.",
        choices=("middle", "content"),
        group="Shape",
    )
    channels: str = setting(
        "as they are",
        "Grey or colour; as they are makes grey images when all pictures are grey.",
        choices=tuple(CHANNELS),
        group="Shape",
    )
    paper: str = setting(
        "white",
        "What lies under transparent places and beside padded pictures.",
        choices=tuple(PAPERS),
        group="Shape",
    )
    smallest: int = setting(
        0,
        "Leave out pictures whose shorter side has fewer pixels (0: none).",
        low=0,
        high=10_000,
        group="Choice",
    )
    twins: str = setting(
        "drop equal",
        "Pictures that are there twice: keep them, drop those that are equal after preparing, or drop those "
        "that look the same too.",
        choices=("keep", "drop equal", "drop alike"),
        group="Choice",
    )
    alike: int = setting(
        4,
        "How many of the 64 bits of a picture's fingerprint may differ for two to be alike.",
        low=0,
        high=12,
        group="Choice",
    )
    every: int = setting(
        10,
        "Of a video, take one frame in so many.",
        low=1,
        high=10_000,
        group="Choice",
        label="Every nth frame",
    )
    most: int = setting(0, "At most so many pictures (0: all).", low=0, high=10_000_000, group="Choice")
    labels: str = setting(
        "folders",
        "Where classes come from: the folder that a picture lies in, a table, or nowhere.",
        choices=("folders", "table", "none"),
        group="Labels",
    )
    table: str = setting(
        "",
        "A CSV file: the first column names the pictures (with or without folder and ending), each other "
        "one is a factor; with one, it is the class.",
        group="Labels",
    )
    copies: int = setting(
        0,
        "Changed copies of each training image that are added; held-out images are never copied.",
        low=0,
        high=50,
        group="Copies",
    )
    flip: bool = setting(True, "Copies may be mirrored left to right.", group="Copies")
    turn: float = setting(
        5.0, "Copies are turned by at most so many degrees.", low=0, high=180, group="Copies"
    )
    shift: float = setting(
        0.05, "Copies are moved by at most this share of their width.", low=0, high=0.5, group="Copies"
    )
    light: float = setting(
        0.1, "Copies are made lighter or darker by at most this share.", low=0, high=0.9, group="Copies"
    )
    held_out: float = setting(
        0.1,
        "Share of the images that is kept for tests. Equal and alike pictures stay on one side.",
        low=0,
        high=0.5,
        group="Split",
    )
    seed: int = setting(0, "Seed of the split and of the copies.", low=0, high=2**31 - 1, group="Split")

    def check(self) -> None:
        super().check()
        if self.labels == "table" and not self.table:
            raise BadSettings("Labels shall come from a table, and no table is named.", "Choose a CSV file.")
