"""One panel alone, with the bundled models: `python -m explorer.preview map`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from backends.catalog import scan
from explorer.app import make_qt
from explorer.model.session import Session
from explorer.panels.base import Notices, Services, discover
from explorer.ui import settings as kept
from explorer.ui.gc_guard import GcGuard
from explorer.ui.theme import Theme
from explorer.workers.host_client import HostClient
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_host, launch_jobs


def main(name: str) -> int:
    """Show a panel until its window is closed; nothing of it is kept."""
    qt = make_qt()
    panels = {panel.name: panel for panel in discover()}
    if name not in panels:
        sys.stderr.write(f"There is no panel named {name!r}: use one of {', '.join(panels)}.\n")
        return 2
    kind = panels[name]
    with tempfile.TemporaryDirectory() as folder:
        guard = GcGuard()
        settings = kept.open_settings(Path(folder))
        services = Services(Session(), HostClient(launch_host), JobClient(launch_jobs), settings, Notices())
        theme = Theme(qt, "system")
        window = QMainWindow()
        panel = kind(services)
        window.setCentralWidget(panel)
        theme.recolour_plots()
        say = window.statusBar().showMessage
        services.notices.problem.connect(lambda what, advice: say(f"{what} {advice}"))
        services.notices.told.connect(say)
        for client in (services.host, services.jobs):
            client.problem.connect(services.notices.problem)
        services.session.set_models(scan().models)
        window.resize(900, 700)
        window.setWindowTitle(f"{kind.title} alone")
        window.show()
        code = qt.exec()
        panel.shut_down()
        services.host.close()
        services.jobs.close()
        guard.stop()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
