"""Where a new training is to be done: on this computer, or by a Ray cluster."""

from __future__ import annotations

from PySide6.QtCore import QSettings, QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from backends.errors import BadSettings
from trainers.cluster import places
from trainers.cluster.places import Wish

HERE, CLUSTER = "here", "cluster"
KEYS = ("cluster/address", "cluster/cpus", "cluster/gpus", "cluster/package")
MOST = 4096


class Where(QWidget):
    """A line of the form; `changed` when something else is asked for.

    The address is remembered in the window's settings: no session and no run has it.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: QSettings | None = None
        self.place = QComboBox()
        self.place.addItem("This computer", HERE)
        self.place.addItem("Ray cluster…", CLUSTER)
        self.place.setAccessibleName("Where to train")
        self.place.setToolTip("On this computer, or as a job of a Ray cluster that is followed from here")
        self.address = QLineEdit(placeholderText="HOST:10001")
        self.address.setAccessibleName("Address of the cluster")
        self.address.setToolTip(
            "HOST, HOST:PORT or ray://HOST:PORT: the port of Ray's clients; with a tunnel, localhost:10001"
        )
        self.cpus = QSpinBox()
        self.cpus.setRange(1, MOST)
        self.cpus.setAccessibleName("Processors in the cluster")
        self.cpus.setToolTip("Processors that the job waits for, and as many threads")
        self.gpus = QDoubleSpinBox()
        self.gpus.setRange(0, MOST)
        self.gpus.setDecimals(1)
        self.gpus.setAccessibleName("GPUs in the cluster")
        self.gpus.setToolTip("GPUs that the job waits for; 0.5 shares one with another job")
        self.package = QComboBox()
        self.package.addItem("Send the program", "sent")
        self.package.addItem("Installed there", "installed")
        self.package.setAccessibleName("The program in the cluster")
        self.package.setToolTip("Send Latent Explorer with the job (about 1 MB), or use the one there")
        self._lay_out()
        self.place.currentIndexChanged.connect(lambda _: self._on_changed())
        self.address.textChanged.connect(lambda _: self._on_changed())
        for number in (self.cpus, self.gpus):
            number.valueChanged.connect(lambda _: self._on_changed())
        self.package.currentIndexChanged.connect(lambda _: self._on_changed())
        self._on_changed()

    def remember_in(self, settings: QSettings) -> None:
        """Take the last cluster from these settings, and keep it there from now on."""
        address, cpus, gpus, package = (settings.value(key) for key in KEYS)
        with QSignalBlocker(self.address), QSignalBlocker(self.cpus), QSignalBlocker(self.gpus):
            self.address.setText(str(address or ""))
            self.cpus.setValue(int(float(str(cpus or 1))))
            self.gpus.setValue(float(str(gpus or 0)))
        with QSignalBlocker(self.package):
            self.package.setCurrentIndex(max(self.package.findData(package), 0))
        self._settings = settings
        self._on_changed()

    def wish(self) -> Wish | None:
        """What is asked of a cluster; None for this computer."""
        if self.place.currentData() == HERE:
            return None
        return Wish(
            self.address.text().strip(), self.cpus.value(), self.gpus.value(), str(self.package.currentData())
        )

    def problem(self) -> str:
        """Why it can't be done there, in a sentence; empty where it can."""
        wish = self.wish()
        if wish is None:
            return ""
        if not places.is_installed():
            return str(places.NO_RAY)
        if not wish.address:
            return "Say the address of the cluster."
        try:
            wish.check()
        except BadSettings as error:
            return str(error)
        return ""

    def _lay_out(self) -> None:
        """The address beside the choice; below, what is asked for."""
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.place)
        first.addWidget(self.address, 1)
        self._far: list[QWidget] = [self.address]
        for text, editor in (("CPUs", self.cpus), ("GPUs", self.gpus), ("", self.package)):
            if text:
                label = QLabel(text)
                label.setBuddy(editor)
                second.addWidget(label)
                self._far.append(label)
            second.addWidget(editor)
            self._far.append(editor)
        second.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(first)
        column.addLayout(second)

    def _on_changed(self) -> None:
        for widget in self._far:
            widget.setVisible(self.place.currentData() == CLUSTER)
        wish = self.wish()
        if wish is not None and self._settings is not None:
            for key, value in zip(KEYS, (wish.address, wish.cpus, wish.gpus, wish.package), strict=True):
                self._settings.setValue(key, value)
        self.changed.emit()
