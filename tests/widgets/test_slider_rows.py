"""The list of sliders."""

from __future__ import annotations

from explorer.widgets.slider_rows import LABEL, WIDEST_LABEL, Entry, SliderRows


def test_labels_are_as_wide_as_the_longest_up_to_a_bound(qtbot):
    rows = SliderRows()
    qtbot.addWidget(rows)
    rows.resize(320, 200)
    rows.show()
    rows.show_entries([Entry("a", "z 1"), Entry("b", "z 2")])
    assert rows.row_of("a").label.width() == LABEL
    rows.show_entries([Entry("a", "common 16"), Entry("b", "varying 16")])
    for key, text in (("a", "common 16"), ("b", "varying 16")):
        label = rows.row_of(key).label
        assert label.text() == text
        assert label.maximumWidth() >= label.fontMetrics().horizontalAdvance(text)
    rows.show_entries([Entry("a", "a direction with a very long name of its own")])
    assert rows.row_of("a").label.maximumWidth() == WIDEST_LABEL
    assert "…" in rows.row_of("a").label.text()
