"""What the window's commands and the latent dock's buttons both do with the current code."""

from __future__ import annotations

import random

from PySide6.QtGui import QGuiApplication

from backends.errors import BadCode
from backends.space import Code
from explorer.model.session import Session
from explorer.panels.base import Services

MOST_SEED = 2**31 - 1


def copy_code(services: Services) -> None:
    """Put the current code on the clipboard, as text."""
    if services.session.code is not None:
        QGuiApplication.clipboard().setText(services.session.code.to_text())
        services.notices.told.emit("The code is on the clipboard, as text.")


def paste_code(services: Services) -> None:
    """Make the code on the clipboard current; what is no code of this model is said."""
    text = QGuiApplication.clipboard().text()
    try:
        if not text.strip():
            raise BadCode("There is no text on the clipboard.", "Copy a code first (Edit > Copy code).")
        services.session.set_code(Code.from_text(text), "Paste code")
    except BadCode as error:
        services.notices.problem.emit(error.what, error.advice)


def step_seed(session: Session, by: int) -> None:
    """The next or previous seed; below 0 it stays."""
    session.set_seed(min(max(session.state.seed + by, 0), MOST_SEED))


def random_seed(session: Session) -> None:
    """Any seed of six digits or fewer: easy to read and to write down."""
    session.set_seed(random.randrange(1_000_000))
