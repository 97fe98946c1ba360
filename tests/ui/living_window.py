"""A whole window in a process of its own that can be killed: it edits all the time and prints what it sees.

`python -m tests.ui.living_window HOME` prints lines of JSON: `{"ready": true}`, then, at each change,
`{"runs": {folder: phase}}`. A line `train` on its input starts a training as the Train panel's button does,
`continue FOLDER` goes on with one.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.app import Options, build, make_qt
from trainers.registry import trainer

SETTINGS = {"image_size": 16, "batch": 16, "steps": 1_000_000, "checkpoint_every": 20, "sample_every": 200,
            "body": "mlp", "width": 4, "latent": 4}  # fmt: skip


class Asked(QObject):
    """What the other process asks for, on the GUI thread."""

    line = Signal(str)


def main(home: Path) -> int:
    app = build(make_qt(), Options(home=home))
    window, session = app.window, app.window.services.session
    shown: dict[str, str] = {}

    def look() -> None:
        panel: Any = window.panels.get("train")
        if not window.ready or panel is None:
            return
        if not shown:
            window.show_panel("train")
            say({"ready": True})
            shown["ready"] = "yes"
        phases = {folder.name: run.phase.value for folder, run in panel.list.summaries.items()}
        if phases != {name: phase for name, phase in shown.items() if name != "ready"}:
            shown.clear()
            shown.update({"ready": "yes", **phases})
            say({"runs": phases})
        session.set_seed(random.randrange(1000))

    def obey(line: str) -> None:
        panel: Any = window.panels["train"]
        order, _, name = line.partition(" ")
        if order == "train":
            panel.start("vae", "digits", trainer("vae").INFO.settings.from_mapping(SETTINGS), "", "")
            return
        panel.select(next(folder for folder in panel.list.summaries if folder.name == name))
        if panel.view is None:  # the page of a training is still being made; its buttons can't be pressed
            QTimer.singleShot(50, window, lambda: obey(line))
        else:
            panel.act(order)

    asked = Asked()
    asked.line.connect(obey, Qt.ConnectionType.QueuedConnection)
    threading.Thread(target=listen, args=(asked,), daemon=True).start()
    timer = QTimer(window, interval=50)
    timer.timeout.connect(look)
    timer.start()
    window.show()
    return app.qt.exec()


def listen(asked: Asked) -> None:
    for line in sys.stdin:
        asked.line.emit(line.strip())


def say(words: dict[str, Any]) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
