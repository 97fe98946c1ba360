"""One window for the promises about all of it."""

from tests.ui.conftest import app, shared

__all__ = ["app", "shared"]
