"""The form of directions with labels: where labelled codes come from, and the two groups."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
)

from backends.api import WHY_NOT, Capability, Code, ModelInfo
from explorer.latent.compare import data_spec
from explorer.latent.directions import Labelled
from explorer.model.session import Session
from explorer.model.state import Favourite
from explorer.panels.directions_collect import class_names
from explorer.widgets.controls import combo

GENERATED, DATA, FAVOURITES = "generated", "data", "favourites"
SOURCES = {
    GENERATED: "generated pictures, named by a classifier",
    DATA: "labelled data, encoded",
    FAVOURITES: "favourites",
}
NO_DATA = "Write which labelled data to encode, such as mnist, folder:PATH or npz:PATH."
ELSE = -1  # every code outside the first group


class GroupsForm(QWidget):
    """Which codes, and which two groups of them; emits `changed` when what can be done may have changed."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.labelled: Labelled | None = None
        self.labelled_key: tuple[object, ...] = ()
        self._names: tuple[tuple[str, ...], ...] = ()
        self._grouped = True
        self._build()

    @property
    def source(self) -> str:
        return str(self.where.currentData())

    @property
    def data(self) -> str:
        return self.spec.text().strip()

    @property
    def count(self) -> int:
        return self.number.value()

    @property
    def balanced(self) -> bool:
        return self.balance.isEnabled() and self.balance.isChecked()

    def key(self, info: ModelInfo) -> tuple[object, ...]:
        """What labelled codes are good for: the same model, source and number."""
        return (info.path, info.checksum, self.source, self.data if self.source == DATA else "", self.count)

    def chosen(self) -> tuple[int, int, int]:
        """The attribute, the value with it and the value without (−1: everything else)."""
        return (
            max(self.attribute.currentIndex(), 0),
            int(self.plus.currentData()),
            int(self.minus.currentData()),
        )

    def names(self) -> tuple[str, str]:
        """What the two groups are called."""
        attribute, plus, minus = (
            self.attribute.currentText(),
            self.plus.currentText(),
            self.minus.currentText(),
        )
        prefix = "" if attribute in ("", "class") else f"{attribute} "
        return f"{prefix}{plus}", "the others" if self.minus.currentData() == ELSE else f"{prefix}{minus}"

    def take(self, key: tuple[object, ...], labelled: Labelled) -> bool:
        """Labelled codes arrived; whether the chosen groups are still among them."""
        had = self._names == labelled.names and self.plus.count() > 0
        self.labelled, self.labelled_key = labelled, key
        if not had:
            self._offer(labelled.attributes, labelled.names)
        return had

    def show_model(self, info: ModelInfo | None) -> None:
        """Offer what the model can do, and say why the rest is not."""
        self.labelled, self.labelled_key = None, ()
        self.spec.setText(data_spec(info.dataset) if info else "")
        if info is not None and not info.classifier:
            self.where.setCurrentIndex(1 if info.can(Capability.ENCODES) else 2)
        self._on_source()

    def refresh_names(self) -> None:
        """The list of models was read: the classifier's classes may be known now."""
        if self.source == GENERATED and self.labelled is None:
            self._on_source()

    def refresh_favourites(self) -> None:
        """Menus with a tick for each favourite of the model."""
        for button in (self.plus_favourites, self.minus_favourites):
            ticked = {a.data() for a in button.menu().actions() if a.isChecked()}
            button.menu().clear()
            for favourite in self._favourites():
                action = button.menu().addAction(favourite.name or "favourite")
                action.setCheckable(True)
                action.setData(favourite.id)
                action.setChecked(favourite.id in ticked)
                action.toggled.connect(self._count_favourites)
        self._count_favourites()

    def favourite_codes(self) -> tuple[list[Code], list[Code]]:
        """The codes of the ticked favourites, with and without."""
        codes = {f.id: f.code for f in self._favourites()}
        groups = [
            [codes[a.data()] for a in button.menu().actions() if a.isChecked() and a.data() in codes]
            for button in (self.plus_favourites, self.minus_favourites)
        ]
        return groups[0], groups[1]

    def _favourites(self) -> list[Favourite]:
        return [f for f in self.session.state.favourites if f.model == self.session.state.model]

    def _count_favourites(self) -> None:
        plus, minus = self.favourite_codes()
        self.plus_favourites.setText(f"{len(plus)} favourites")
        self.minus_favourites.setText(f"{len(minus)} favourites")

    # The widgets

    def _build(self) -> None:
        self.where = combo("Where labelled codes come from", "What the two groups are made of")
        for key, text in SOURCES.items():
            self.where.addItem(text, key)
        self.spec = QLineEdit(placeholderText="mnist, digits, folder:PATH, npz:PATH")
        self.spec.setAccessibleName("Data set")
        self.spec.setToolTip(
            "A data set with labels, as in the Train panel: mnist, digits, folder:PATH, npz:PATH"
        )
        self.number = QSpinBox(minimum=20, maximum=20_000, value=2000, singleStep=500)
        self.number.setAccessibleName("How many codes")
        self.number.setToolTip("How many codes the means are taken over")
        self.attribute = combo("Attribute", "What the groups differ in")
        self.plus = combo("Group with the attribute", "The codes that the direction leads to")
        self.minus = combo("Group without the attribute", "The codes that the direction leads away from")
        self.less = QLabel("minus")
        self.plus_favourites = _menu("Favourites with the attribute")
        self.minus_favourites = _menu("Favourites without the attribute")
        self.balance = QCheckBox("hold the others equal")
        self.balance.setToolTip("Take the difference within each combination of the other attributes")
        self._arrange()
        self.where.activated.connect(self._on_source)
        self.spec.textChanged.connect(lambda _: self.changed.emit())
        self.attribute.activated.connect(lambda _: self._offer_values())

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        first = (QLabel("Codes from"), self.where, self.spec, self.number)
        second = (self.attribute, self.plus, self.plus_favourites, self.less, self.minus,
                  self.minus_favourites, self.balance)  # fmt: skip
        for row, widgets in enumerate((first, second)):
            line = QHBoxLayout()
            line.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                line.addWidget(widget)
            line.addStretch(1)
            grid.addLayout(line, row, 0)

    def show_groups(self, shown: bool) -> None:
        """Whether two groups are to be chosen, or codes alone."""
        self._grouped = shown
        self._show_fields()

    def _on_source(self) -> None:
        """Codes from elsewhere: those that are there are of no use any more."""
        info, source = self.session.model, self.source
        self.labelled, self.labelled_key = None, ()
        names = class_names(self.session.models, info) if info is not None and source == GENERATED else ()
        self._offer(("class",) if names else (), (names,) if names else ())
        self._show_fields()
        self.refresh_favourites()
        self.changed.emit()

    def _show_fields(self) -> None:
        """The fields of the chosen source, and of groups where there are to be some."""
        source, grouped = self.source, self._grouped
        ticked, several = grouped and source == FAVOURITES, grouped and len(self._names) > 1
        chosen = grouped and source != FAVOURITES
        for widget, mine in (
            (self.spec, source == DATA), (self.number, source != FAVOURITES), (self.less, grouped),
            (self.plus, chosen), (self.minus, chosen), (self.attribute, several), (self.balance, several),
            (self.plus_favourites, ticked), (self.minus_favourites, ticked),
        ):  # fmt: skip
            widget.setVisible(mine)

    def why_not(self) -> str:
        """Why codes can't be had from the chosen source; "" when they can."""
        why = _why_not(self.session.model, self.source)
        return why or (NO_DATA if self.source == DATA and not self.data else "")

    def _offer(self, attributes: tuple[str, ...], names: tuple[tuple[str, ...], ...]) -> None:
        self._names = names
        self.attribute.clear()
        self.attribute.addItems(list(attributes))
        self.balance.setEnabled(len(attributes) > 1)
        self._show_fields()
        self._offer_values()

    def _offer_values(self) -> None:
        at = self.attribute.currentIndex()
        values = self._names[at] if 0 <= at < len(self._names) else ()
        for box in (self.plus, self.minus):
            box.clear()
        for index, value in enumerate(values):
            self.plus.addItem(value, index)
            self.minus.addItem(value, index)
        if values:
            self.minus.insertItem(0, "everything else", ELSE)
            self.minus.setCurrentIndex(0)
        for box in (self.plus, self.minus):
            box.setEnabled(bool(values))


def _menu(name: str) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolTip(f"{name}: tick them")
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(QMenu(button))
    return button


def _why_not(info: ModelInfo | None, source: str) -> str:
    if info is None:
        return "Choose a model first."
    if source == GENERATED and not info.classifier:
        return "No classifier names what this model makes: use labelled data or favourites."
    if source == DATA and not info.can(Capability.ENCODES):
        return WHY_NOT[Capability.ENCODES]
    return ""
