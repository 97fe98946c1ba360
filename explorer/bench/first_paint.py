"""One start of the window, timed: `python -m explorer.bench.first_paint BEGAN HOME`.

BEGAN is the clock's time at which the process was asked for. Prints JSON: seconds to the first paint
of the window, to the first picture, and whether torch was loaded in the window's process.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PATIENCE_MS = 60_000


def main(began: float, home: Path) -> None:
    from explorer.workers.processes import start_host

    host = start_host()
    from PySide6.QtCore import QEvent, QObject, QTimer

    from explorer.app import Options, build, make_qt

    times: dict[str, float] = {}

    class Eye(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and "paint" not in times:
                # The filter sees the event before the window does; this runs once it is painted.
                times["paint"] = 0.0
                QTimer.singleShot(0, self, lambda: times.update(paint=time.time() - began))
            return False

    qt = make_qt()
    app = build(qt, Options(host=host, home=home))
    eye = Eye()
    app.window.installEventFilter(eye)

    def first_picture() -> None:
        times.setdefault("picture", time.time() - began)
        QTimer.singleShot(50, qt, qt.quit)

    explore = app.window.panels["explore"]
    explore.picture.painted.connect(first_picture)  # type: ignore[attr-defined]
    QTimer.singleShot(PATIENCE_MS, qt, qt.quit)
    app.window.show()
    qt.exec()
    app.close()
    sys.stdout.write(json.dumps({**times, "torch": "torch" in sys.modules}) + "\n")


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
