"""Pictures as files: PNG that remembers the code that made it, strips, GIF and MP4. No Qt.

Everything is encoded in memory and written atomically at the end: a full disk, a cancel or a crash
leaves what was there before.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backends.api import BadCode, BadData, Code, ModelInfo
from explorer.model.files import write_atomically
from explorer.model.session import Session
from explorer.model.state import Path

if TYPE_CHECKING:
    from PIL import Image as Pillow

# Pillow and PyAV are imported where they are used: the window's first paint doesn't wait for them.
Image = NDArray[np.uint8]
Progress = Callable[[float], None]
ENDINGS = (".png", ".gif", ".mp4")
ORIGIN_KEY = "latent-explorer"  # the PNG text chunk
VIEWABLE = 256  # pixels; smaller pictures are enlarged by a whole number up to about this side


@dataclass(frozen=True, eq=False)
class Origin:
    """What made a picture: the code, the model (its name and checksum), and the walk of a strip."""

    code: Code
    name: str
    checksum: str
    path: Path | None = None

    def to_text(self) -> str:
        data: dict[str, Any] = {
            "version": 1, "code": self.code.to_text(), "model": self.name, "checksum": self.checksum,
        }  # fmt: skip
        if self.path is not None:
            # Where the model lies on this machine is nobody's business.
            data["path"] = replace(self.path, model="").to_json()
        return json.dumps(data)

    @staticmethod
    def from_text(text: str) -> Origin:
        """The origin that `to_text` wrote. Raises `BadCode` otherwise."""
        try:
            data = json.loads(text)
            path = Path.from_json(data["path"]) if "path" in data else None
            return Origin(Code.from_text(data["code"]), str(data["model"]), str(data["checksum"]), path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCode("The code in this picture is damaged.", "Export the picture again.") from error


def read_origin(file: str | FilePath) -> Origin | None:
    """What made the picture in a PNG of ours; None for any other file. Raises `BadCode` when damaged."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(file, formats=["PNG"]) as picture:
            text = picture.info.get(ORIGIN_KEY)
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return None
    return Origin.from_text(text) if isinstance(text, str) else None


def matching_model(origin: Origin, models: Sequence[ModelInfo]) -> ModelInfo | None:
    """The model that made a picture: the same weights, else the same name with a space that fits."""
    for info in models:
        if info.checksum and info.checksum == origin.checksum:
            return info
    return next((m for m in models if m.name == origin.name and m.space.fits(origin.code)), None)


def restore(session: Session, origin: Origin) -> ModelInfo | None:
    """Make a picture's model, code and walk current, as one undo step; None when the model isn't known."""
    info = matching_model(origin, list(session.models.values()))
    if info is not None:
        codes = {**session.state.codes, info.path: origin.code}
        changes: dict[str, Any] = {"model": info.path, "codes": codes}
        if origin.path is not None:
            changes["path"] = replace(origin.path, model=info.path)
        session.edit("Open picture", **changes)
    return info


def write_png(file: str | FilePath, image: Image, origin: Origin | None = None) -> None:
    """One picture uint8 `[H, W, C]`; with `origin`, dropping it on the window restores what made it."""
    from PIL import PngImagePlugin

    notes = PngImagePlugin.PngInfo()
    if origin is not None:
        notes.add_text(ORIGIN_KEY, origin.to_text())
    buffer = io.BytesIO()
    _pillow(image).save(buffer, "PNG", pnginfo=notes)
    write_atomically(FilePath(file), buffer.getvalue())


def write_gif(file: str | FilePath, frames: Image, fps: float, progress: Progress = lambda _: None) -> None:
    """Frames `[N, H, W, C]` as a GIF that repeats for ever. Its clock ticks in hundredths of a second."""
    pictures = []
    for at, frame in enumerate(frames):
        # A palette of its own for each frame: exact for grey, the nearest 256 colours otherwise.
        pictures.append(_pillow(frame).quantize(256) if frame.shape[2] == 3 else _pillow(frame))
        progress((at + 1) / (len(frames) + 1))
    buffer = io.BytesIO()
    first, *rest = pictures
    duration = max(20, round(100 / fps) * 10)
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=duration, loop=0, disposal=1)
    write_atomically(FilePath(file), buffer.getvalue())


def write_mp4(file: str | FilePath, frames: Image, fps: float, progress: Progress = lambda _: None) -> None:
    """Frames `[N, H, W, C]` as H.264 (MPEG-4 where the installed codecs lack it)."""
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    frames = _even(_colour(frames))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "16"} if codec == "libx264" else {"qscale": "2"}
        for at, frame in enumerate(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            progress((at + 1) / (len(frames) + 1))
        container.mux(stream.encode())
    write_atomically(FilePath(file), buffer.getvalue())


def sheet(images: Sequence[Image] | Image, columns: int, gap: int = 2) -> Image:
    """Pictures of one size side by side on white, `columns` in a row: uint8 `[H, W, C]`."""
    height, width, channels = images[0].shape
    rows = -(-len(images) // columns)
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    out = np.full(size, 255, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        out[top : top + height, left : left + width] = image
    return out


def enlarged(images: Image, side: int = VIEWABLE) -> Image:
    """Pictures `[…, H, W, C]` repeated pixel by pixel until their larger side is about `side`."""
    factor = max(1, round(side / max(images.shape[-3:-1])))
    return images.repeat(factor, -3).repeat(factor, -2)


def there_and_back(frames: Image) -> Image:
    """Frames `[N, …]` followed by the way back, so that a repeating animation swings: `[2 N − 2, …]`."""
    return np.concatenate([frames, frames[-2:0:-1]])


def _pillow(image: Image) -> Pillow.Image:
    from PIL import Image as Pillow

    solid = np.ascontiguousarray(image)
    return Pillow.fromarray(solid[..., 0] if solid.ndim == 3 and solid.shape[2] == 1 else solid)


def _colour(frames: Image) -> Image:
    return frames.repeat(3, -1) if frames.shape[-1] == 1 else frames


def _even(frames: Image) -> Image:
    """Video needs even sides: repeat the last row or column."""
    _, height, width, _ = frames.shape
    margins = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    return np.ascontiguousarray(np.pad(frames, margins, mode="edge"))


def save(
    file: str | FilePath,
    frames: Image,
    *,
    fps: float = 8.0,
    swing: bool = False,
    origin: Origin | None = None,
    columns: int = 0,
    progress: Progress = lambda _: None,
) -> None:
    """Frames `[N, H, W, C]` in the format that the name asks for: `.png` (a strip), `.gif` or `.mp4`.

    `swing` appends the way back to an animation. Raises `BadData` for another ending.
    """
    if len(frames) == 0:
        raise BadData("There is no picture to save.", "Make one first.")
    suffix = ending(file)
    if suffix == ".png":
        write_png(file, sheet(frames, columns or len(frames)) if len(frames) > 1 else frames[0], origin)
    else:
        write = write_gif if suffix == ".gif" else write_mp4
        write(file, there_and_back(frames) if swing and len(frames) > 2 else frames, fps, progress)


def ending(file: str | FilePath) -> str:
    """The lower-case ending of a file name. Raises `BadData` for one that isn't ours to write."""
    suffix = FilePath(file).suffix.lower()
    if suffix not in ENDINGS:
        raise BadData(f"{FilePath(file).name} has no known ending.", f"Use one of {', '.join(ENDINGS)}.")
    return suffix
