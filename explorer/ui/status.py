"""The status bar: device, milliseconds a picture, the model host, running trainings. Each is measured."""

from __future__ import annotations

from collections import deque
from statistics import median

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QStatusBar

from explorer.model.runs import RunSummary, duration
from explorer.panels.base import Services
from explorer.workers.host_client import LineTold

TOLD_MS = 6000
STATES = {
    "starting": "model host: starting",
    "ready": "",
    "lost": "model host: restarting",
    "away": "model host: away",
    "failed": "model host: none",
    "closed": "closed",
}
DEVICE_TIP = "Where models are run; change it in Model > Device"


class StatusBar(QStatusBar):
    """Says what is so; nothing is estimated but the time left."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._host = services.host
        self._times: deque[float] = deque(maxlen=31)
        self.device = self._field(DEVICE_TIP)
        self.speed = self._field("Median time from asking for a picture to having it, over the last 31")
        self.state = self._field("The process that holds the models")
        self.trainings = self._field("Trainings go on when the window is closed")
        self.setSizeGripEnabled(False)
        self._host.measured.connect(self._measure)
        self._host.state_changed.connect(self._show_state)
        self._host.line_changed.connect(self._show_state)
        services.notices.told.connect(lambda text: self.showMessage(text, TOLD_MS))
        self._paint_speed = QTimer(self, singleShot=True, interval=250)
        self._paint_speed.timeout.connect(self._show_speed)
        self._model_is_new = True
        services.session.model_changed.connect(self._forget)
        self.show_runs([])
        self._show_state()

    def show_runs(self, runs: list[RunSummary]) -> None:
        """How many trainings are running, and when the last of them will be done."""
        live = [run for run in runs if run.phase.live]
        text = f"{len(live)} training{'s' if len(live) != 1 else ''}" if live else ""
        left = max((run.state.seconds_left for run in live), default=0.0)
        self._put(self.trainings, f"{text}, {duration(left)} left" if text and left else text)

    def _field(self, tip: str) -> QLabel:
        label = QLabel()
        label.setToolTip(tip)
        label.setContentsMargins(6, 0, 6, 0)
        self.addPermanentWidget(label)
        return label

    def _measure(self, channel: str, seconds: float) -> None:
        if channel == "explore" and self._model_is_new:
            self._model_is_new = False  # this time is the loading of its file
        elif channel == "explore":
            self._times.append(seconds)
            if not self._paint_speed.isActive():
                self._paint_speed.start()

    def _forget(self) -> None:
        self._model_is_new = True
        self._times.clear()
        self._put(self.speed, "")

    def _show_speed(self) -> None:
        if self._times:
            self._put(self.speed, f"{median(self._times) * 1000:.1f} ms a picture")

    def _show_state(self, _state: str = "") -> None:
        line, device = self._host.line, self._host.device.upper()
        self._put(self.device, f"{device} · {line.machine}" if line.far and device else device)
        self.device.setToolTip(_about_line(line) if line.far else DEVICE_TIP)
        text = STATES.get(self._host.state, self._host.state)
        self._put(self.state, line.text or text or "model host: ready")

    @staticmethod
    def _put(label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


def _about_line(line: LineTold) -> str:
    """What was measured of the line to another machine."""
    if not line.rate:
        return f"Models are run on {line.machine}; change it in Model > Device"
    return (
        f"Models are run on {line.machine}: {line.ping * 1000:.0f} ms there and back, "
        f"{line.rate / 1e6:.1f} MB a second; change it in Model > Device"
    )
