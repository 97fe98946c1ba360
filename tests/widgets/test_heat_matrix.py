"""The matrix and the gauges, by real pointers and pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.latent.scores.shades import by_best_column, focus, gaps, shades
from explorer.widgets.gauges import CEILING, CHANCE, Gauge, GaugeTable
from explorer.widgets.heat_matrix import HeatMatrix

VALUES = np.array([[0.1, 0.9], [0.7, 0.2], [0.0, 0.0]])


@pytest.fixture
def matrix(qtbot):
    made = HeatMatrix()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show_matrix(
        VALUES, shades(VALUES), ("a", "b", "c"), ("hair", "hat"), focus(VALUES), gaps(VALUES), ("", "")
    )
    made.show()
    qtbot.waitExposed(made)
    return made


def test_cells_have_their_colours(matrix):
    image = matrix.grab().toImage()
    for row, column in np.ndindex(*VALUES.shape):
        corner = matrix.rect_of(row, column).topLeft() + QPoint(3, 3)
        colour = image.pixelColor(corner)
        assert [colour.red(), colour.green(), colour.blue()] == shades(VALUES)[row, column].tolist()


def test_the_cell_under_the_pointer_is_told(matrix, qtbot):
    told = []
    matrix.pointed.connect(lambda row, column: told.append((row, column)))
    QTest.mouseMove(matrix, matrix.rect_of(1, 0).center())
    QTest.mouseMove(matrix, QPoint(2, 2))
    assert told == [(1, 0), (-1, -1)]
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    assert matrix.cell == (0, 1)
    assert matrix.accessibleDescription() == "a · hat: 0.900"


@pytest.mark.parametrize("shape", [(1, 1), (512, 10), (3, 40)])
def test_every_shape_fits_in(matrix, shape):
    values = np.random.default_rng(0).random(shape)
    names = [f"a long name {i}" for i in range(max(shape))]
    bars = (focus(values), gaps(values))
    matrix.show_matrix(values, shades(values), names[: shape[0]], names[: shape[1]], *bars, ("focus", "gap"))
    assert not matrix.grab().isNull()
    assert matrix.rect().contains(matrix.rect_of(0, 0))
    assert matrix.rect_of(shape[0] - 1, 0).bottom() < matrix.height()


def test_at_its_least_height_few_rows_can_be_read_and_without_bars_their_room_is_used(matrix):
    values, none = np.random.default_rng(0).random((5, 10)), np.zeros(0)
    rows, columns = [f"PC {i}" for i in range(5)], [f"a long name {i}" for i in range(10)]
    matrix.show_matrix(values, shades(values), rows, columns, focus(values), gaps(values), ("", ""))
    narrow = matrix.rect_of(0, 9).right()
    matrix.show_matrix(values, shades(values), rows, columns, none, none, ("", ""))
    assert narrow < matrix.rect_of(0, 9).right() < matrix.width()
    matrix.resize(400, matrix.minimumSizeHint().height())
    assert matrix.rect_of(0, 0).height() >= matrix.fontMetrics().height()
    assert matrix.rect_of(4, 0).bottom() < matrix.height()


def test_orders_and_margins():
    np.testing.assert_array_equal(by_best_column(VALUES), [1, 2, 0])
    np.testing.assert_allclose(gaps(VALUES), [0.6, 0.7])
    np.testing.assert_allclose(focus(VALUES), [0.9, 7 / 9, 0])
    assert not len(focus(VALUES[:, :1]))


def test_gauges_show_value_ceiling_and_chance(qtbot):
    table = GaugeTable()
    qtbot.addWidget(table)
    table.resize(500, 200)
    nothing = math.nan
    table.show_gauges([
        Gauge("MIG", "0.500", 0.5, 0.45, 0.55, 0.9, 0.1, "tip", "said"),
        Gauge("none", "—", nothing, nothing, nothing, nothing, nothing, "tip", "said"),
    ])  # fmt: skip
    table.show()
    qtbot.waitExposed(table)
    chosen = []
    table.chosen.connect(chosen.append)
    place = table.visualItemRect(table.item(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [1]
    rect = table.visualItemRect(table.item(0, 2))
    image = table.viewport().grab().toImage()
    row = [image.pixelColor(x, rect.center().y() - 8) for x in range(rect.left(), rect.right())]
    at = {name: [x for x, c in enumerate(row) if _near(c, colour)] for name, colour in
          (("ceiling", CEILING), ("chance", CHANCE))}  # fmt: skip
    width = rect.width() - 16
    assert np.mean(at["ceiling"]) == pytest.approx(8 + 0.9 * width, abs=3)
    assert np.mean(at["chance"]) == pytest.approx(8 + 0.1 * width, abs=3)


def _near(one, other):
    return max(abs(one.red() - other.red()), abs(one.green() - other.green())) < 30
