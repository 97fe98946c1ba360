"""What a run has measured, for those who look again and again while it grows for hours. No torch."""

from __future__ import annotations

from typing import Any

from trainers.files import parsed_lines
from trainers.held_out import HELD
from trainers.runs import Run

RECENT = 100  # lines at the end that are all kept
MOST = 2000  # earlier lines that are kept; of more, every second one goes
Line = dict[str, Any]


class History:
    """Reads `metrics.jsonl` from where the last look ended, so that the thousandth look costs what the
    second did. Of the past it keeps a fair selection, and every line that has something of held-out images.
    """

    def __init__(self, run: Run) -> None:
        self._path = run.folder / "metrics.jsonl"
        self._at = 0
        self._seen = 0
        self._each = 1  # of so many lines of the past one is kept
        self._past: list[Line] = []
        self._held: list[Line] = []  # those of the past that have something of held-out images
        self._recent: list[Line] = []

    def lines(self) -> list[Line]:
        """The measurements in order of steps: all the newest, a selection of those before."""
        self._read()
        return sorted(self._past + self._held, key=lambda line: float(line["step"])) + self._recent

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
        except OSError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        self._recent += parsed_lines(whole)
        while len(self._recent) > RECENT:
            self._put_by(self._recent.pop(0))

    def _put_by(self, line: Line) -> None:
        if any(name.startswith(HELD) for name in line):
            self._held.append(line)
            return
        if self._seen % self._each == 0:
            self._past.append(line)
        self._seen += 1
        if len(self._past) > MOST:
            self._past = self._past[::2]
            self._each *= 2
