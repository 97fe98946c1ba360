"""Event files for TensorBoard in the run's folder `tensorboard/`, by the `tensorboard` package's own writer.

`tensorboard --logdir FOLDER_OF_THE_RUNS` shows them all. A run that goes on writes its file anew from its
measurements, so no step is there twice, whatever TensorBoard had been told before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from trainers.runs import Run

FOLDER = "tensorboard"


class TensorBoard:
    """See `trainers.loggers.api.Logger`."""

    last = -1  # all of it is written again

    def __init__(self, folder: Path) -> None:
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink(missing_ok=True)
        self._writer = EventFileWriter(str(folder))
        began = SessionLog(status=SessionLog.START)  # a TensorBoard that looks on forgets what it had
        self._writer.add_event(Event(step=0, session_log=began))

    def scalars(self, step: int, time: float, values: dict[str, float]) -> None:
        parts = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(step, time, parts)

    def picture(self, step: int, time: float, path: Path) -> None:
        with Image.open(path) as picture:
            width, height, channels = *picture.size, len(picture.getbands())
        image = Summary.Image(height=height, width=width, colorspace=channels,
                              encoded_image_string=path.read_bytes())  # fmt: skip
        self._write(step, time, [Summary.Value(tag="samples", image=image)])

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _write(self, step: int, time: float, parts: list[Any]) -> None:
        self._writer.add_event(Event(step=step, wall_time=time, summary=Summary(value=parts)))


def open_for(run: Run) -> TensorBoard:
    return TensorBoard(run.folder / FOLDER)
