"""Widgets in lines that break."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer.widgets.flow import flowing


def test_lines_break_where_the_width_ends_and_what_is_hidden_takes_no_room(qtbot):
    labels = [QLabel() for _ in range(4)]
    for label, (wide, high) in zip(labels, ((60, 20), (60, 40), (60, 10), (60, 20)), strict=True):
        label.setFixedSize(wide, high)
    window = QWidget()
    box = flowing(*labels, gap=5)
    layout = QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(box)
    layout.addStretch(1)
    qtbot.addWidget(window)
    window.resize(200, 200)
    window.show()
    qtbot.waitExposed(window)

    def places():
        return [(label.x(), label.y()) for label in labels if label.isVisible()]

    qtbot.waitUntil(lambda: places() == [(0, 10), (65, 0), (130, 15), (0, 45)])  # a line is centred
    assert box.height() == 65
    labels[1].hide()
    qtbot.waitUntil(lambda: places() == [(0, 0), (65, 5), (130, 0)])
    assert box.height() == 20
    window.resize(130, 200)
    qtbot.waitUntil(lambda: places() == [(0, 0), (65, 5), (0, 25)])
    assert box.height() == 45
    assert box.minimumSizeHint().width() == 60
