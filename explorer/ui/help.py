"""The help pages: how to begin, and every shortcut (made from the commands)."""

from __future__ import annotations

import html

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from explorer.commands import MENUS, CommandTable

BEGIN = """
<h2>Five minutes</h2>
<ol>
<li><b>Choose a model</b> in the toolbar. Its picture is in <i>Explore</i>,
its latent values on the right.</li>
<li><b>Move a slider</b>, drag on the picture, or press the die for another seed.</li>
<li><b>Keep what you like</b> as a favourite; it appears on the shelf on the left.</li>
<li><b>Walk</b> from one favourite to another in eleven steps under the picture, play it, export it.</li>
<li><b>Map</b> thousands of pictures by what they show; click on a point to make it current.</li>
<li><b>Mix</b> two sources, or let two groups of pictures give a direction; it becomes a slider.</li>
<li><b>Compare</b> models on the same latent values; <b>Train</b> your own and open it while it learns.</li>
</ol>
<p>Drop a model, a session or an image anywhere on the window to open it. Undo works everywhere.</p>
"""


def shortcuts_page(table: CommandTable) -> str:
    """Every command that has a shortcut, by menu, as HTML."""
    rows = []
    for title in MENUS:
        inside = [c for c in table.commands.values() if c.menu.split("/")[0] == title]
        keyed = [(c.text.rstrip("…"), table.actions[c.id].shortcut()) for c in inside]
        lines = [
            f"<tr><td width='260'>{html.escape(text)}</td>"
            f"<td><b>{html.escape(key.toString(QKeySequence.SequenceFormat.NativeText))}</b></td></tr>"
            for text, key in keyed
            if not key.isEmpty()
        ]
        if lines:
            rows.append(f"<tr><td colspan='2'><h3>{title}</h3></td></tr>{''.join(lines)}")
    return f"<h2>Shortcuts</h2><table cellpadding='2'>{''.join(rows)}</table>"


def show_page(parent: QWidget, title: str, page: str) -> QDialog:
    """Show a page in a window of its own; it doesn't block the other."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    browser = QTextBrowser()
    browser.setAccessibleName(title)
    browser.setHtml(page)
    browser.setOpenExternalLinks(True)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(browser)
    layout.addWidget(buttons)
    dialog.resize(560, 560)
    dialog.finished.connect(dialog.deleteLater)
    dialog.show()
    return dialog
