"""Clusters, stages, two models in one map, ways through dense regions, the exercise with its second map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from backends.native import describe, read_info, save
from explorer.latent.maps.clusters import METHODS
from explorer.panels.map_clusters import TITLE, cluster_name
from explorer.panels.map_ways import WAYS, thinned
from tests.panels.map_steps import make, open_panel, press, run


@pytest.fixture
def panel(qtbot, services):
    return open_panel(qtbot, services)


@pytest.fixture(scope="session")
def later(tmp_path_factory):
    """A second stage of the tiny VAE: other weights, the same name."""
    import torch

    from backends.registry import families

    torch.manual_seed(1)
    model = families()["vae"].build({"latent": 4, "width": 4, "image_size": 16})
    path = tmp_path_factory.mktemp("later") / "tiny-100.safetensors"
    info = replace(describe(model, name="tiny", family="vae"), dataset="nothing", step=100)
    save(path, model, info)
    return read_info(path)


def encoded(panel):
    panel.bar.choose(panel.bar.source, "data")
    panel.bar.spec.setEditText("digits")


def test_em_moves_ellipses_over_the_map_and_its_components_can_be_sampled(panel, qtbot):
    encoded(panel)
    make(panel, qtbot)
    run(panel, "map.page_clusters")
    page = panel.clusters
    assert not page.sample.isEnabled()
    page.method.setCurrentIndex(page.method.findData("mixture"))
    page.count.setValue(4)
    press(qtbot, page.search)
    qtbot.waitUntil(lambda: bool(page.mixture))
    assert panel.bar.colour.currentText() == TITLE
    assert len(panel.scatter.marks.curves) == 4
    assert "ARI" in page.said.text()
    assert panel.colouring.names[0].startswith("1 (")
    assert panel.legend.list.count() == len(np.unique(panel.colouring.labels))
    press(qtbot, page.sample)
    qtbot.waitUntil(page.strip.isVisible)
    assert len(page.strip.arrays) == 12
    qtbot.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=page.strip.cell(2).center())
    np.testing.assert_allclose(panel.session.code.values["z"], page.sampled[2], rtol=1e-5)

    # Laid out anew the points keep their clusters; the ellipses were those of the other layout.
    old = panel.map
    panel.bar.choose(panel.bar.method, "tsne")
    make(panel, qtbot)
    assert panel.map is not old
    assert panel.bar.colour.currentText() == panel.colouring.title == TITLE
    assert panel.scatter.marks.names
    for name, place in panel.scatter.marks.names:
        row = int(np.abs(panel.map.positions - place).sum(1).argmin())
        assert panel.colouring.names[panel.colouring.labels[row]] == name
        np.testing.assert_array_equal(panel.map.positions[row], place)
    assert not panel.scatter.marks.curves
    assert page.mixture


def test_a_side_page_is_as_high_as_what_it_says(panel, qtbot):
    panel.resize(900, 900)
    for name in panel.pages.pages:
        run(panel, f"map.page_{name}")
        qtbot.waitUntil(lambda: panel.pages.room.verticalScrollBar().maximum() == 0)
        assert panel.pages.pages[name].isVisible()
        assert panel.pages.room.height() < 700


def test_hdbscan_leaves_out_what_belongs_to_none(panel, qtbot):
    make(panel, qtbot)
    run(panel, "map.page_clusters")
    page = panel.clusters
    page.method.setCurrentIndex(page.method.findData("hdbscan"))
    assert not page.count.isVisible()
    press(qtbot, page.search)
    qtbot.waitUntil(lambda: "cluster" in page.said.text())
    assert panel.colouring.title == TITLE
    assert panel.colouring.labels.min() == -1  # codes of a prior have no groups
    assert panel.describe(int(panel.colouring.labels.argmin())) == "unknown"
    assert set(METHODS) == {page.method.itemData(n) for n in range(3)}


def test_clusters_are_named_by_the_class_that_fits():
    assert cluster_name(0, {0: 2}, ("a", "b", "c")) == "1 (c)"
    assert cluster_name(1, {0: 2}, ()) == "2"


def tick(page, path):
    for row in range(page.models.count()):
        item = page.models.item(row)
        if item.data(Qt.ItemDataRole.UserRole) == path:
            item.setCheckState(Qt.CheckState.Checked)


def test_stages_of_one_model_are_aligned_and_a_slider_blends_them(panel, qtbot, later):
    run(panel, "map.page_time")
    page = panel.over_time
    assert "star" in page.said.text()
    panel.session.add_model(later)
    tick(page, later.path)
    press(qtbot, page.stages)
    assert "same in every model" in page.said.text()  # codes of the prior
    encoded(panel)
    press(qtbot, page.stages)
    qtbot.waitUntil(page.time.isVisible)
    positions = page.series.positions
    assert positions.shape == (2, 500, 2)
    assert page.when.text() == "tiny · step 100"
    page.time.setValue(page.time.minimum())
    page.time.setFocus()
    for _ in range(5):
        qtbot.keyClick(page.time, Qt.Key.Key_PageUp)
    share = page.time.value() / 100
    assert 0 < share < 1
    shown = panel.scatter.position_of(3)
    np.testing.assert_allclose(
        shown, (1 - share) * positions[0][3] + share * positions[1][3], rtol=1e-3, atol=1e-4
    )
    assert "step of a point" in panel.quality.text.text()
    panel.bar.choose(panel.bar.method, "pca")
    make(panel, qtbot)
    assert not page.time.isVisible()


def test_two_models_lie_in_one_map_and_a_click_goes_to_either(panel, qtbot, later):
    panel.session.add_model(later)
    encoded(panel)
    run(panel, "map.page_time")
    page = panel.over_time
    tick(page, later.path)
    press(qtbot, page.pair)
    qtbot.waitUntil(lambda: panel.map is not None and not panel.busy())
    assert len(panel.map.cloud) == 1000
    assert "Model" in [c.title for c in panel.map.colourings]
    panel.travel.click(700, False)
    assert panel.session.state.model == later.path
    np.testing.assert_allclose(panel.session.code.values["z"], panel.map.cloud.codes[700], rtol=1e-5)
    assert panel.map is not None
    panel.travel.click(3, False)
    assert panel.session.state.model != later.path


def test_a_training_is_followed(panel, qtbot, later):
    encoded(panel)
    make(panel, qtbot)
    here = panel.session.model
    panel.over_time.following.setChecked(True)
    further = replace(here, checksum="further", step=200)
    panel.session.add_model(further)
    qtbot.waitUntil(lambda: panel.over_time.series.positions is not None)
    assert [info.step for info, _ in panel.over_time.series.stages] == [here.step, 200]
    qtbot.waitUntil(lambda: not panel.busy())


def test_three_ways_between_two_points(panel, qtbot):
    make(panel, qtbot)
    x = panel.map.positions[:, 0]
    panel.travel.set_path(int(x.argmin()), int(x.argmax()))
    ways = panel.travel.ways
    qtbot.waitUntil(lambda: "Farthest from data" in ways.said.text())
    assert len({style for _, _, style in panel.scatter.marks.curves}) == 3 == len(WAYS)
    ways.box.setFocus()
    qtbot.keyClick(ways.box, Qt.Key.Key_End)
    ways.box.activated.emit(ways.box.currentIndex())
    qtbot.waitUntil(lambda: not panel.busy())
    path = panel.session.state.path
    assert 2 <= len(path.codes) <= 11
    assert panel.strip.codes.shape[0] == len(path.codes)
    rows = ways.found["rows"]
    np.testing.assert_allclose(panel.strip.codes[0], panel.map.cloud.codes[rows[0]], rtol=1e-5)
    np.testing.assert_allclose(panel.strip.codes[-1], panel.map.cloud.codes[rows[-1]], rtol=1e-5)


def test_a_long_way_is_thinned_to_both_ends():
    codes = np.arange(40.0)[:, None]
    assert thinned(codes, 11)[[0, -1], 0].tolist() == [0, 39]
    assert len(thinned(codes, 11)) == 11
    assert len(thinned(codes[:5], 11)) == 5


def test_the_exercise_brings_two_linked_maps_and_saves_both(panel, qtbot, tmp_path):
    run(panel, "map.exercise")
    qtbot.waitUntil(lambda: panel.beside.positions is not None and not panel.busy())
    second = panel.beside.scatter
    assert len(panel.map.cloud) == 2000
    assert panel.beside.isVisible()
    assert "pixels of the same images" in panel.beside.title.text()  # there is no classifier
    assert "Beside it" in panel.quality.text.text()
    row = int(panel.beside.positions[:, 0].argmax())
    place = second.pixel_of(row).toPoint()
    QTest.mouseMove(second.viewport(), place - QPoint(40, 40))
    QTest.mouseMove(second.viewport(), place)
    qtbot.waitUntil(lambda: second.pointer.hover == row)  # a move soon after another comes late
    np.testing.assert_array_equal(panel.scatter.marks.ring, panel.map.positions[row])
    qtbot.mouseClick(second.viewport(), Qt.MouseButton.LeftButton, pos=place)
    np.testing.assert_array_equal(panel.session.code.values["z"], panel.map.cloud.codes[row])
    panel.selecting.choose(np.arange(10))
    assert second._points.chosen.sum() == 10
    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    panel.save_map(tmp_path / "both.csv")
    qtbot.waitUntil(lambda: bool(told))
    assert (tmp_path / "both.csv").read_text().splitlines()[0].startswith("x,y,x 2,y 2,")
    qtbot.mouseClick(panel.beside.close_button, Qt.MouseButton.LeftButton)
    assert not panel.beside.isVisible()
