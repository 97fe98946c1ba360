"""A whole window over tiny models, with a real host."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest

from explorer.app import App, Options, build, make_qt
from explorer.model.state import State
from explorer.ui.errors import NoticeBar

PATIENCE_MS = 90_000  # a busy machine needs long to load torch


@pytest.fixture
def start(qtbot, tiny_models, tmp_path, monkeypatch) -> Iterator:  # type: ignore[no-untyped-def,type-arg]
    """`start(*files)` opens a window at a home of its own; its folder of models holds the tiny ones."""
    from backends import catalog

    monkeypatch.setattr(catalog, "BUNDLED", tmp_path / "assets" / "models")
    (tmp_path / "assets" / "models").mkdir(parents=True)
    for path in tiny_models.values():
        shutil.copy(path, tmp_path / "assets" / "models")
    opened: list[App] = []

    def open_window(*files: str | Path) -> App:
        app = build(make_qt(), Options(files=[str(f) for f in files], home=tmp_path / "home"))
        opened.append(app)
        app.window.resize(1280, 800)
        app.window.show()
        qtbot.waitUntil(lambda: app.window.ready, timeout=PATIENCE_MS)
        return app

    yield open_window
    for app in opened:
        app.close()
        app.window.deleteLater()


@pytest.fixture(scope="module")
def shared(qapp, tiny_models, tmp_path_factory) -> Iterator[App]:  # type: ignore[no-untyped-def]
    """One window for the tests of a file that leave it usable."""
    from backends import catalog

    home = tmp_path_factory.mktemp("shared")
    (home / "assets" / "models").mkdir(parents=True)
    for path in tiny_models.values():
        shutil.copy(path, home / "assets" / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "BUNDLED", home / "assets" / "models")
        patch.setenv("LATENT_EXPLORER_RUNS", str(home / "runs"))
        patch.setenv("XDG_DATA_HOME", str(home))
        made = build(make_qt(), Options(home=home / "home"))
        made.window.resize(1280, 800)
        made.window.show()
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not made.window.ready and time.monotonic() < deadline:
            QTest.qWait(20)
        made.window.services.jobs.warm_up()  # its process is the window's, not that of the test it began in
        yield made
        made.close()
        made.window.deleteLater()


@pytest.fixture
def app(shared: App) -> App:
    """The shared window with its first model, nothing to undo and nothing said."""
    session = shared.window.services.session
    first = next(path for path, info in session.models.items() if info.name == "tiny-label")
    session.restore(State(model=first, codes={first: session.models[first].space.sample(0)}))
    shared.window.findChild(NoticeBar).hide()
    return shared
