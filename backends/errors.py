"""The errors that people read: what happened, to what, and what to do about it. No torch."""

from __future__ import annotations


class ExplorerError(Exception):
    """An error with a message for a person: one sentence of what happened, one of what to do."""

    def __init__(self, what: str, advice: str = "") -> None:
        self.what = what
        self.advice = advice
        super().__init__(f"{what} {advice}".strip())


class BadModel(ExplorerError):
    """A model file that can't be used: truncated, damaged, foreign, hostile or newer than we are."""


class BadCode(ExplorerError):
    """A code (or its text) that doesn't fit the latent space it is meant for."""


class BadData(ExplorerError):
    """A data set that can't be read: wrong path, empty folder, truncated download, mixed sizes."""


class BadSettings(ExplorerError):
    """Settings of a training that can't work together, found before it starts."""


class BadRequest(ExplorerError):
    """A request that a model can't answer, for example to encode with a model that has no encoder."""


class OutOfMemory(ExplorerError):
    """The device has too little memory for the request; the host falls back to smaller batches."""


class LostProcess(ExplorerError):
    """A process of a training that is shared by several has ended; the others can't go on without it."""


class CantWrite(ExplorerError):
    """A file or folder that can't be written: no space, no permission."""
