"""Running models on another machine: a small form, and the way there and back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from backends.errors import BadRequest
from explorer.panels.base import Services
from explorer.ui import settings as kept
from explorer.widgets.controls import named
from explorer.workers.launch import launch_far_host, launch_host
from explorer.workers.remote import OWN_PYTHON, Machine

MACHINES, PYTHONS = "remote/machines", "remote/pythons"  # of the settings; run folders never hold them
MOST = 8
HINT = (
    "Models are run there and their pictures come back over ssh, as you would reach the machine in a "
    "terminal: with a key, without a password. A model that the machine lacks is copied to it once."
)
ADDRESS_TIP = (
    "user@machine, or user@machine:folder with the folder in which Latent Explorer lies there; "
    "ray://HOST:PORT for a Ray cluster"
)
PYTHON_TIP = f"Its Python; empty is {OWN_PYTHON} in the folder, or python3 where no folder is given"


class RemoteDialog(QDialog):
    """Asks for the machine; `connect_to` goes there."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Run models on another machine")
        self._services = services
        self.address = QComboBox(editable=True)
        self.address.addItems(kept.read_list(services.settings, MACHINES))
        self.address.setMinimumContentsLength(34)
        named(self.address, "Machine", ADDRESS_TIP)
        line = self.address.lineEdit()
        assert line is not None
        line.setPlaceholderText("user@machine:folder")
        self.python = QLineEdit()
        self.python.setPlaceholderText("found by itself")
        named(self.python, "Python of the machine", PYTHON_TIP)
        self.wrong = QLabel(wordWrap=True)
        self.wrong.setAccessibleName("What is wrong")
        self.wrong.hide()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.connect_button = self._buttons.addButton("Connect", QDialogButtonBox.ButtonRole.AcceptRole)
        self.connect_button.setToolTip("Start a model host there and bring back the picture")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.address.currentTextChanged.connect(self._show_python)
        self._lay_out()
        self._show_python(self.address.currentText())

    def accept(self) -> None:
        """Go there, if it is a machine."""
        try:
            machine = Machine.parse(self.address.currentText(), self.python.text())
        except BadRequest as error:
            self.wrong.setText(str(error))
            self.wrong.show()
            return
        _remember(self._services, machine)
        connect_to(self._services, machine)
        super().accept()

    def _lay_out(self) -> None:
        hint = QLabel(HINT, wordWrap=True)
        hint.setMinimumWidth(440)
        form = QFormLayout(self)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        form.addRow(hint)
        form.addRow("Machine", self.address)
        form.addRow("Python", self.python)
        form.addRow(self.wrong)
        form.addRow(self._buttons)

    def _show_python(self, address: str) -> None:
        """The interpreter that was given with this machine before."""
        pythons = dict(
            text.split("\t", 1) for text in kept.read_list(self._services.settings, PYTHONS) if "\t" in text
        )
        self.python.setText(pythons.get(address.strip(), ""))
        self.wrong.hide()


def ask_machine(services: Services, parent: QWidget) -> RemoteDialog:
    """Show the form; the window goes on meanwhile."""
    dialog = RemoteDialog(services, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog


def connect_to(services: Services, machine: Machine) -> None:
    """Run models on another machine from now on."""
    services.host.move_to(lambda: launch_far_host(machine), machine.name)


def come_back(services: Services) -> None:
    """Run models on this machine again."""
    services.host.move_to(launch_host)
    services.notices.told.emit("Models are run on this machine.")


def _remember(services: Services, machine: Machine) -> None:
    for key, text in ((MACHINES, machine.text), (PYTHONS, f"{machine.text}\t{machine.python}")):
        others = [old for old in kept.read_list(services.settings, key) if old.split("\t")[0] != machine.text]
        kept.write_list(services.settings, key, [text, *others][:MOST])
