"""Two palettes on Fusion, light and dark, that follow the system or a choice.

Every pair of text and ground has a contrast of at least 4.5 (WCAG AA); a test computes them all.
"""

from __future__ import annotations

import sys
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

CHOICES = ("system", "light", "dark")
COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "window": "#f4f5f7", "base": "#ffffff", "raised": "#e9ebef", "line": "#cfd4dc", "text": "#1c2230",
        "soft": "#5b6474", "accent": "#2558c9", "on accent": "#ffffff", "tip": "#232a38", "on tip": "#f2f4f8",
        "warn": "#fff2d6", "on warn": "#5a3d00",
    },
    "dark": {
        "window": "#1b1e25", "base": "#14171c", "raised": "#272c36", "line": "#3a414f", "text": "#e6e9ef",
        "soft": "#a0a9b9", "accent": "#7ea6ff", "on accent": "#0d1320", "tip": "#e6e9ef", "on tip": "#1b1e25",
        "warn": "#3d3113", "on warn": "#ffdf9e",
    },
}  # fmt: skip


class Theme(QObject):
    """The theme of the application; `choice` is one of `CHOICES`, `shade` what is shown."""

    changed = Signal(str)  # the new shade

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self.choice = choice if choice in CHOICES else "system"
        self.shade = ""
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    def choose(self, choice: str) -> None:
        self.choice = choice
        self._apply()

    def recolour_plots(self) -> None:
        """For plots that were made since the theme was chosen."""
        colour_plots(self.shade)

    def _follow(self) -> None:
        if self.choice == "system":
            self._apply()

    def _apply(self) -> None:
        dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        shade = self.choice if self.choice != "system" else "dark" if dark else "light"
        if shade == self.shade:
            return
        self.shade = shade
        self._app.setPalette(palette(shade))
        self._app.setStyleSheet(style_sheet(shade))
        colour_plots(shade)
        self.changed.emit(shade)


def palette(shade: str) -> QPalette:
    """The palette of `light` or `dark`."""
    c = {name: QColor(value) for name, value in COLOURS[shade].items()}
    role = QPalette.ColorRole
    roles = {
        role.Window: "window", role.WindowText: "text", role.Base: "base", role.AlternateBase: "raised",
        role.Text: "text", role.Button: "raised", role.ButtonText: "text", role.BrightText: "on accent",
        role.Highlight: "accent", role.HighlightedText: "on accent", role.Accent: "accent",
        role.Link: "accent", role.LinkVisited: "accent", role.PlaceholderText: "soft",
        role.ToolTipBase: "tip", role.ToolTipText: "on tip", role.Mid: "line", role.Midlight: "raised",
    }  # fmt: skip
    made = QPalette(c["raised"], c["window"])
    for which, name in roles.items():
        made.setColor(which, c[name])
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, c["soft"])
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, c["line"])
    made.setColor(QPalette.ColorGroup.Disabled, role.HighlightedText, c["text"])
    return made


def style_sheet(shade: str) -> str:
    """What a palette can't say: flat tabs and bars, room around things."""
    c = COLOURS[shade]
    return f"""
    QMainWindow::separator {{ background: {c["line"]}; width: 1px; height: 1px; }}
    QToolBar {{ border: none; border-bottom: 1px solid {c["line"]}; padding: 4px 6px; spacing: 4px; }}
    QStatusBar {{ border-top: 1px solid {c["line"]}; }}
    QStatusBar::item {{ border: none; }}
    QMenuBar {{ border: none; padding: 2px 4px; }}
    QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; }}
    QDockWidget::title {{ padding: 7px 10px 3px 10px; background: {c["window"]}; }}
    {_buttons(c)}
    #shelf QAbstractScrollArea {{ background: {c["window"]}; }}
    QToolButton#label {{ border: 1px solid {c["line"]}; border-radius: 4px; padding: 3px 7px; min-width: 14px;
        background: {c["base"]}; }}
    QToolButton#label:checked {{
        background: {c["accent"]}; color: {c["on accent"]}; border-color: {c["accent"]};
    }}
    QToolButton#label:focus {{ border-color: {c["accent"]}; }}
    QTabWidget#panels::pane {{ border: none; border-top: 1px solid {c["line"]}; }}
    QTabWidget#panels > QTabBar::tab {{
        padding: 7px 16px; border: none; border-bottom: 2px solid transparent; color: {c["soft"]};
    }}
    QTabWidget#panels > QTabBar::tab:selected {{
        color: {c["text"]}; border-bottom: 2px solid {c["accent"]};
    }}
    QTabWidget#panels > QTabBar::tab:hover {{ color: {c["text"]}; }}
    QTabWidget#panels > QTabBar::tab:focus {{ color: {c["accent"]}; }}
    QFrame#notice {{ background: {c["warn"]}; border-bottom: 1px solid {c["line"]}; }}
    QFrame#notice QLabel, QFrame#notice QToolButton {{ color: {c["on warn"]}; background: transparent; }}
    QCheckBox::indicator:unchecked {{ border: 1px solid {c["soft"]}; border-radius: 2px;
        width: 12px; height: 12px; background: {c["base"]}; }}
    QCheckBox::indicator:unchecked:disabled {{ border-color: {c["line"]}; background: {c["window"]}; }}
    QToolTip {{ color: {c["on tip"]}; background: {c["tip"]}; border: none; padding: 4px 6px; }}
    """


def _buttons(c: dict[str, str]) -> str:
    """Buttons with and without words, and the heads of what folds."""
    return f"""
    QPushButton {{ border: 1px solid {c["line"]}; border-radius: 4px; padding: 3px 9px;
        background: {c["base"]}; color: {c["text"]}; }}
    QPushButton:hover {{ background: {c["raised"]}; }}
    QPushButton:pressed {{ background: {c["line"]}; }}
    QPushButton:checked {{ background: {c["accent"]}; border-color: {c["accent"]}; color: {c["on accent"]}; }}
    QPushButton:focus {{ border-color: {c["accent"]}; }}
    QPushButton:disabled {{ background: {c["window"]}; color: {c["soft"]}; }}
    QPushButton:flat {{ border: none; background: transparent; }}
    QPushButton::menu-indicator {{
        subcontrol-position: right center; subcontrol-origin: padding; right: 3px;
    }}
    QToolButton {{ border: 1px solid {c["line"]}; border-radius: 4px; padding: 2px 6px;
        background: {c["base"]}; color: {c["text"]}; }}
    QToolButton:hover {{ background: {c["raised"]}; }}
    QToolButton:pressed {{ background: {c["line"]}; }}
    QToolButton:checked {{ background: {c["accent"]}; border-color: {c["accent"]}; color: {c["on accent"]}; }}
    QToolButton:focus {{ border-color: {c["accent"]}; }}
    QToolButton:disabled {{ background: {c["window"]}; color: {c["soft"]}; }}
    QToolButton[popupMode="1"] {{ padding-right: 18px; }}
    QToolButton::menu-button {{ border: none; width: 16px; }}
    QToolButton::menu-indicator {{ image: none; }}
    QToolButton[autoRaise="true"] {{ border-color: transparent; background: transparent; padding: 2px; }}
    QToolButton[autoRaise="true"]:hover {{ background: {c["raised"]}; }}
    QToolButton[autoRaise="true"]:focus {{ border-color: {c["accent"]}; }}
    QToolBar QToolButton[autoRaise="true"] {{ padding: 3px; }}
    QTabBar QToolButton {{ border: none; border-radius: 0; padding: 0; }}
    QToolButton#fold {{ border: none; background: transparent; padding: 5px 6px; text-align: left; }}
    QToolButton#fold:checked {{ background: transparent; color: {c["text"]}; }}
    QToolButton#fold:hover {{ background: {c["raised"]}; }}
    QToolButton#fold:focus {{ color: {c["accent"]}; }}
    """


def colour_plots(shade: str) -> None:
    """Give pyqtgraph our colours, where it is loaded: new plots by its settings, open ones one by one."""
    pg: Any = sys.modules.get("pyqtgraph")
    if pg is None or not hasattr(pg, "GraphicsView"):
        return
    c = COLOURS[shade]
    pg.setConfigOptions(
        background=c["base"], foreground=c["soft"], imageAxisOrder="row-major", antialias=True
    )
    for widget in QApplication.allWidgets():
        if isinstance(widget, pg.GraphicsView):
            widget.setBackground(c["base"])
            for item in widget.scene().items():
                if isinstance(item, pg.AxisItem):
                    item.setPen(c["soft"])
                    item.setTextPen(c["soft"])


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(v: float) -> float:
        return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(v) for v in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
