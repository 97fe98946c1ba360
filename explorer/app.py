"""The application in small named steps: log, error hooks, garbage collection, theme, services, window."""

from __future__ import annotations

import faulthandler
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from explorer.model.files import home as default_home
from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.ui import settings as kept
from explorer.ui.errors import ErrorHooks
from explorer.ui.gc_guard import GcGuard
from explorer.ui.theme import Theme
from explorer.ui.window import Window
from explorer.workers.child import Child
from explorer.workers.host_client import HostClient
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_jobs
from explorer.workers.processes import start_host

LOG_LIMIT = 1 << 20  # bytes; a longer log is begun anew, the old one kept beside it


@dataclass(frozen=True)
class Options:
    """What the command line asks of the window. `host` is a model host that was started already."""

    files: list[str] = field(default_factory=list)
    model: str = ""
    in_process: bool = False
    host: subprocess.Popen[bytes] | None = None
    home: Path | None = None


@dataclass
class App:
    """Everything that must live as long as the window; `close` ends it all."""

    qt: QApplication
    window: Window
    hooks: ErrorHooks
    guard: GcGuard

    def close(self) -> None:
        self.window.close()
        self.window.shut_down()
        self.hooks.remove()
        self.guard.stop()


def run(options: Options) -> int:
    """Open the window and stay until it is closed."""
    qt = make_qt()
    app = build(qt, options)
    app.window.show()
    signal.signal(signal.SIGINT, lambda *_: app.window.close())
    wake = QTimer(app.window, interval=200)  # lets Python see Ctrl+C
    wake.timeout.connect(lambda: None)
    wake.start()
    code = qt.exec()
    app.close()
    return code


def make_qt() -> QApplication:
    """The one QApplication, in the Fusion style that our palettes are made for."""
    existing = QApplication.instance()
    qt = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    qt.setApplicationName("latent-explorer")
    qt.setApplicationDisplayName("Latent Explorer")
    qt.setStyle("Fusion")
    return qt


def build(qt: QApplication, options: Options) -> App:
    """Make the window and what it needs; it begins to read after its first paint."""
    home = options.home or default_home()
    home.mkdir(parents=True, exist_ok=True)
    start_log(home)
    notices = Notices()
    hooks = ErrorHooks(notices)
    guard = GcGuard()
    settings = kept.open_settings(home)
    theme = Theme(qt, kept.read_text(settings, "theme", "system"))
    host = HostClient(host_launcher(options))
    services = Services(Session(), host, JobClient(launch_jobs), settings, notices)
    window = Window(services, theme, home, [name for name in (options.model, *options.files) if name])
    window.complete.connect(guard.settle)
    return App(qt, window, hooks, guard)


def start_log(home: Path) -> None:
    """Messages and crashes go to `log.txt` in the home folder."""
    path = home / "log.txt"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(home / "log.old.txt")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("explorer")
    for old in logger.handlers[:]:
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    assert handler.stream is not None  # it was opened just now
    faulthandler.enable(handler.stream)


def host_launcher(options: Options) -> Callable[[], Child]:
    """How model hosts are started: at first the one that `main.py` began, later new ones like it."""
    ready = [options.host] if options.host is not None else []

    def launch() -> Child:
        if options.in_process:
            from explorer.workers.in_process import start_thread

            return Child(start_thread())
        return Child(ready.pop()) if ready else Child(start_host())

    return launch
