"""The groups of Mix: how the latent space is split, and from whom each group comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.latent.mixing import LETTERS, Group
from explorer.model.session import Session
from explorer.model.state import Recipe
from explorer.widgets.elided import ElidedLabel
from explorer.widgets.float_slider import FloatSlider

SPLITS = {
    "parts": "Parts",
    "principal": "Principal directions",
    "ranges": "Ranges of dimensions",
    "dimensions": "Single dimensions",
}
CHECKED = "QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }"
MOST_BUTTONS = 4  # sources; of more there is a list in each row
ROWS_AT_ONCE = 4  # a row takes half a millisecond to build; the rest follows at the next turn


class GroupsBox(QWidget):
    """One row per group: buttons for its source, a slider for how far to go towards it.

    `show_groups` says what there is; every choice goes to the session's recipe.
    """

    shuffled = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.groups: list[Group] = []
        self.rows: list[GroupRow] = []
        self.recipe = Recipe()  # as shown: with a choice for each group
        self._sources = 0
        self.setStyleSheet(CHECKED)
        self._more = QTimer(self, interval=0)
        self._more.timeout.connect(self._build_some)
        self._build()

    def show_groups(self, groups: Sequence[Group], sources: int, recipe: Recipe, message: str = "") -> None:
        """Show these groups with the choices of `recipe`; `message` stands where there are none."""
        same = [g.name for g in groups] == [g.name for g in self.groups] and sources == self._sources
        self.groups, self.recipe, self._sources = list(groups), recipe, sources
        self.message.setText(message)
        self.message.setVisible(bool(message))
        if not same:
            self._rebuild()
        for row, choice, amount in zip(self.rows, recipe.chosen, recipe.amounts, strict=False):
            row.show_choice(choice, amount)

    def choose(self, index: int, source: int) -> None:
        """Group `index` comes from `source`."""
        chosen = tuple(source if i == index else c for i, c in enumerate(self.recipe.chosen))
        self.session.set_recipe(replace(self.recipe, chosen=chosen))

    def choose_all(self, source: int) -> None:
        self.session.set_recipe(replace(self.recipe, chosen=(source,) * len(self.groups)))

    def set_amount(self, index: int, amount: float) -> None:
        """Group `index` goes `amount` (0..1) of the way from A to its source."""
        amounts = tuple(amount if i == index else a for i, a in enumerate(self.recipe.amounts))
        self.session.set_recipe(replace(self.recipe, amounts=amounts), merge=f"mix {index}")

    # The widgets

    def _build(self) -> None:
        self.everyone = QHBoxLayout()
        self.everyone.setSpacing(2)
        self.shuffle = QPushButton("Shuffle")
        self.shuffle.setAccessibleName("Shuffle")
        self.shuffle.setToolTip("Choose a source for each group by chance")
        self.shuffle.clicked.connect(self.shuffled)
        self.message = QLabel(wordWrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body = QWidget()
        self._list = QVBoxLayout(self._body)
        self._list.setContentsMargins(0, 0, 4, 0)
        self._list.setSpacing(2)
        self._list.addStretch(1)
        self._scroll = scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName("Groups")
        scroll.setWidget(self._body)
        all_row = QHBoxLayout()
        all_row.addLayout(self.everyone)
        all_row.addStretch(1)
        all_row.addWidget(self.shuffle)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(all_row)
        box.addWidget(self.message)
        box.addWidget(scroll, 1)

    def _rebuild(self) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = []
        self._build_everyone()
        self._build_some()

    def _build_everyone(self) -> None:
        while self.everyone.count():
            item = self.everyone.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.deleteLater()
        if self._sources > MOST_BUTTONS:
            everyone = QComboBox()
            everyone.addItems([f"All {letter}" for letter in LETTERS[: self._sources]])
            everyone.setAccessibleName("All groups from one source")
            everyone.setToolTip("Take every group from this source")
            everyone.activated.connect(self.choose_all)
            self.everyone.addWidget(everyone)
        for index in range(self._sources if self._sources <= MOST_BUTTONS else 0):
            button = QToolButton()
            button.setText(f"All {LETTERS[index]}")
            button.setAccessibleName(f"All groups from {LETTERS[index]}")
            button.setToolTip(f"Take every group from {LETTERS[index]}")
            button.clicked.connect(lambda _=False, at=index: self.choose_all(at))
            self.everyone.addWidget(button)
        self.shuffle.setEnabled(self._sources > 1)

    def _build_some(self) -> None:
        recipe, start = self.recipe, len(self.rows)
        for index in range(start, min(start + ROWS_AT_ONCE, len(self.groups))):
            row = GroupRow(self.groups[index].name, self._sources)
            row.chosen.connect(lambda source, at=index: self.choose(at, source))
            row.slider.moved.connect(lambda value, at=index: self.set_amount(at, value))
            row.slider.let_go.connect(self.session.end_gesture)
            if index < len(recipe.chosen) and index < len(recipe.amounts):
                row.show_choice(recipe.chosen[index], recipe.amounts[index])
            self._list.insertWidget(index, row)
            self.rows.append(row)
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._body.minimumSizeHint().width() + bar)
        if len(self.rows) < len(self.groups):
            self._more.start()
        else:
            self._more.stop()

    @property
    def building(self) -> bool:
        return self._more.isActive()


class GroupRow(QWidget):
    """Name, a button per source (of many sources a list), and how far to go towards it."""

    chosen = Signal(int)

    def __init__(self, name: str, sources: int) -> None:
        super().__init__()
        self.label = ElidedLabel(name)
        self.label.setMinimumWidth(48)
        self.label.setMaximumWidth(140)
        self.buttons = QButtonGroup(self)
        self.list = QComboBox()
        self.list.setAccessibleName(f"Source of {name}")
        self.list.setToolTip(f"Take {name} from this source")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.label, 1)
        row.addWidget(self.list)
        self.list.setVisible(sources > MOST_BUTTONS)
        if sources > MOST_BUTTONS:
            self.list.addItems(list(LETTERS[:sources]))
        else:
            self._add_buttons(row, name, sources)
        self.slider = FloatSlider(0.0, 1.0, 1.0)
        self.slider.setAccessibleName(f"How much of {name}")
        self.number = QLabel()
        self.number.setFixedWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.buttons.idClicked.connect(self.chosen)
        self.list.activated.connect(self.chosen)

    def show_choice(self, source: int, amount: float) -> None:
        """Show from whom this group comes and how much; A itself has no way to go."""
        button = self.buttons.button(source)
        if button is not None:
            button.setChecked(True)
        self.list.setCurrentIndex(source)
        self.slider.show_value(amount)
        self.slider.setEnabled(source > 0)
        away = "How far to go from A towards the chosen source; double-click for all the way"
        self.slider.setToolTip(away if source > 0 else "This group is A's own: choose another source first.")
        self.number.setText(f"{amount:.0%}" if source > 0 else "")

    def _add_buttons(self, row: QHBoxLayout, name: str, sources: int) -> None:
        for index in range(sources):
            button = QToolButton()
            button.setText(LETTERS[index])
            button.setFixedWidth(28)
            button.setCheckable(True)
            button.setAccessibleName(f"{name} from {LETTERS[index]}")
            button.setToolTip(f"Take {name} from {LETTERS[index]}")
            self.buttons.addButton(button, index)
            row.addWidget(button)


class SplitRow(QWidget):
    """How the latent space is split into groups, for all pages."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.recipe = Recipe()  # as shown
        self.split = QComboBox()
        self.split.setAccessibleName("How to split the latent space")
        self.split.setToolTip("What is taken from a source together")
        for key, text in SPLITS.items():
            self.split.addItem(text, key)
        self.split.activated.connect(self._on_split)
        self.ranges = QLineEdit()
        self.ranges.setAccessibleName("Ranges of dimensions")
        self.ranges.setToolTip("Ranges that are taken together, such as 0-3, 4-9, 12; Enter applies them")
        self.ranges.editingFinished.connect(self._on_ranges)
        self.ranges.hide()
        self.message = QLabel(wordWrap=True)
        title = QLabel("Groups: split by")
        title.setBuddy(self.split)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(title)
        row.addWidget(self.split)
        row.addWidget(self.ranges, 1)
        row.addWidget(self.message, 1)

    def show_recipe(self, recipe: Recipe, message: str) -> None:
        """Show how the space is split; `message` says why there are no groups."""
        self.recipe = recipe
        self.split.setCurrentIndex(max(0, self.split.findData(recipe.split)))
        self.ranges.setVisible(recipe.split == "ranges")
        self.message.setText(message)
        if not self.ranges.hasFocus():
            self.ranges.setText(recipe.ranges)
            self.ranges.setCursorPosition(0)

    def _on_split(self) -> None:
        split = str(self.split.currentData())
        if split != self.recipe.split:
            self.session.set_recipe(Recipe(split, self.recipe.ranges))

    def _on_ranges(self) -> None:
        if self.ranges.text() != self.recipe.ranges:
            self.session.set_recipe(Recipe(self.recipe.split, self.ranges.text()))
