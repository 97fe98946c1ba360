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
    rows.show_entries([Entry("a", "varying 1"), Entry("b", "varying 16")])
    row = rows.row_of("b")
    assert row.label.text() == "varying 16"
    assert row.label.maximumWidth() >= row.label.fontMetrics().horizontalAdvance("varying 16")
    rows.show_entries([Entry("a", "a direction with a very long name of its own")])
    assert rows.row_of("a").label.maximumWidth() == WIDEST_LABEL
    assert "…" in rows.row_of("a").label.text()
