"""Letters and emoji drawn with the fonts installed on this machine, or in a given file or folder."""

from __future__ import annotations

import os
import string
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from backends.errors import BadData
from trainers.data.api import DataKind, Dataset, Images, Source, Wish
from trainers.data.images import fit
from trainers.data.places import locate

SUFFIXES = (".ttf", ".otf", ".ttc")
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
EMOJI = ((0x231A, 0x231B), (0x23E9, 0x23F3), (0x2600, 0x27BF), (0x2B05, 0x2B55), (0x1F300, 0x1FAFF))
STRIKES = (109, 160, 136, 128, 96, 64)  # sizes that bitmap emoji fonts hold: Google's 109, Apple's 160, …
MISSING = "\U0010fffe"  # never a character: what a font draws for it, it draws for all that it lacks
LICENCE = "that of the fonts"


def read_glyphs(wish: Wish) -> Dataset:
    """Digits and Latin letters, white on black, from every text font: the label is the character."""
    fonts = [path for path in font_files(wish.path) if _draws_letters(path)]
    if not fonts:
        raise BadData("There is no font with Latin letters here.", "Install one, or use glyphs:FOLDER.")
    pairs = [(font, char) for font in range(len(fonts)) for char in range(len(LETTERS))]
    rows = wish.rows(len(pairs), held_out=True)
    images, size = [], max(64, 2 * wish.image_size)
    loaded: tuple[int, ImageFont.FreeTypeFont | None] = (-1, None)
    for done, row in enumerate(rows):
        font, char = pairs[row]
        if loaded[0] != font:
            loaded = (font, ImageFont.truetype(str(fonts[font]), int(size * 0.7)))
            wish.progress(done / len(rows), f"Drawing letters: {fonts[font].stem}")
        images.append(_draw_letter(loaded[1], LETTERS[char], size))
    factors = np.array([(char, font) for font, char in pairs], np.int64)[rows]
    return Dataset(
        images=fit(np.stack(images), wish.image_size),
        labels=factors[:, 0].copy(),
        classes=tuple(LETTERS),
        name="Letters of fonts",
        licence=LICENCE,
        source=f"{len(fonts)} fonts: {', '.join(path.stem for path in fonts[:5])}",
        factors=factors,
        factor_names=("character", "font"),
    )


def read_emoji(wish: Wish) -> Dataset:
    """Every emoji of the first colour emoji font, on white."""
    path, font, strike = _emoji_font(wish.path)
    lacking = _ink(font, MISSING)
    chars = [chr(code) for first, last in EMOJI for code in range(first, last + 1)]
    chars = [char for char in chars if _has_colour(font, char, lacking)]
    rows = wish.rows(len(chars), held_out=True)
    images = []
    for done, row in enumerate(rows):
        images.append(fit(_draw_emoji(font, chars[row], strike)[None], wish.image_size)[0])
        if done % 64 == 0:
            wish.progress(done / len(rows), f"Drawing emoji: {done} of {len(rows)}")
    return Dataset(np.stack(images), name="Emoji", licence=LICENCE, source=path.stem)


def font_files(where: str = "") -> list[Path]:
    """Font files in a given file or folder, else in the system's font folders, sorted by name."""
    places = [locate(where, "font")] if where else _system_folders()
    found = {p for place in places for p in ([place] if place.is_file() else place.rglob("*"))}
    return sorted((p for p in found if p.suffix.lower() in SUFFIXES), key=lambda p: (p.name, str(p)))


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        folders = [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    elif sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    else:
        folders = [
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            home / ".fonts",
            home / ".local/share/fonts",
        ]
    return [folder for folder in folders if folder.is_dir()]


def _draws_letters(path: Path) -> bool:
    try:
        font = ImageFont.truetype(str(path), 24)
        lacking = _ink(font, MISSING)
        drawn = {_ink(font, char) for char in "AgQ7"}
    except (OSError, ValueError):  # a bitmap font of other sizes, or a damaged file: not one for letters
        return False
    return len(drawn) == 4 and lacking not in drawn


def _ink(font: ImageFont.FreeTypeFont, char: str) -> bytes:
    mask = font.getmask(char)
    return bytes(str(mask.size), "ascii") + bytes(mask)


def _draw_letter(font: ImageFont.FreeTypeFont | None, char: str, size: int) -> Images:
    picture = Image.new("L", (size, size))
    ImageDraw.Draw(picture).text((size / 2, size / 2), char, fill=255, font=font, anchor="mm")
    return np.asarray(picture, np.uint8)[..., None]


def _emoji_font(where: str) -> tuple[Path, ImageFont.FreeTypeFont, int]:
    """The first font that draws a grinning face in colour, with the size it has bitmaps for."""
    named = font_files(where)
    likely = sorted(named, key=lambda path: "emoji" not in path.name.lower())
    for path in likely if where else [p for p in likely if "emoji" in p.name.lower()]:
        for strike in STRIKES:
            try:
                font = ImageFont.truetype(str(path), strike)
                if _has_colour(font, "\U0001f600", b""):
                    return path, font, strike
            except (OSError, ValueError):
                continue
    raise BadData(
        f"There is no colour emoji font {'at ' + where if where else 'on this machine'}.",
        "Install one (Debian: fonts-noto-color-emoji) or use emoji:FONTFILE.",
    )


def _has_colour(font: ImageFont.FreeTypeFont, char: str, lacking: bytes) -> bool:
    """Whether the font has this character, drawn with more than black ink."""
    if lacking and _ink(font, char) == lacking:
        return False
    pixels = _draw_emoji(font, char, 64).astype(np.int16)
    return bool((np.ptp(pixels, axis=-1) > 24).any())


def _draw_emoji(font: ImageFont.FreeTypeFont, char: str, strike: int) -> Images:
    size = round(strike * 1.25)
    picture = Image.new("RGB", (size, size), "white")
    ImageDraw.Draw(picture).text((size / 2, size / 2), char, font=font, anchor="mm", embedded_color=True)
    return np.asarray(picture, np.uint8)


def _emoji_here() -> bool:
    return any("emoji" in path.name.lower() for path in font_files())


GLYPHS = DataKind("glyphs", "Letters drawn with installed fonts", path="optional", advice="Install a font.")
EMOJIS = DataKind("emoji", "Emoji drawn with an installed font", path="optional", has_labels=False,
                  advice="Install a colour emoji font (Debian: fonts-noto-color-emoji).")  # fmt: skip
SOURCES = (
    Source(GLYPHS, read_glyphs, lambda: bool(font_files())),
    Source(EMOJIS, read_emoji, _emoji_here),
)
