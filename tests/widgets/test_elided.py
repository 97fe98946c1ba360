"""A label that gives way: what has no room ends in an ellipsis, and can still be read in the tooltip."""

from explorer.widgets.elided import ElidedLabel

TITLE = "A run with a name that is longer than any list is wide"


def test_a_long_text_makes_nothing_wider_and_is_in_the_tooltip(qtbot):
    label = ElidedLabel(TITLE)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert label.minimumSizeHint().width() == 0
    assert label.text() == TITLE
    assert label.shown().endswith("…")
    assert label.toolTip() == TITLE
    label.resize(2000, 20)
    assert label.shown() == TITLE
    assert label.toolTip() == ""


def test_what_is_shown_is_painted(qtbot):
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.resize(120, 20)
    empty = label.grab().toImage()
    label.setText(TITLE)
    assert label.grab().toImage() != empty
