"""The Map's settings, its layouts that wait, end early and go on, its sources, and a person's own file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from explorer.latent.maps.methods import PARAMETERS
from explorer.panels.map_bar import MOST_IMAGES
from explorer.panels.map_making import DENSITY, PRESERVED, density
from tests.panels.map_steps import make, open_panel, press, run


@pytest.fixture
def panel(qtbot, services):
    return open_panel(qtbot, services)


def test_a_layout_waits_ends_early_and_goes_on(panel, qtbot):
    panel.bar.choose(panel.bar.method, "umap")
    panel.bar.choose(panel.bar.count, 5000)  # many seconds: it must not be over before it is seen
    panel.settings.take({"epochs": 5000})
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: "epoch" in panel.quality.text.text())
    panel.waiting.show()
    qtbot.mouseClick(panel.waiting.pause, Qt.MouseButton.LeftButton)
    assert panel.making.job.paused
    assert panel.waiting.pause.text() == "Go on"
    qtbot.mouseClick(panel.waiting.finish, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy())
    epoch, epochs = panel.map.stopped
    assert 0 < epoch < epochs == 5000
    assert panel.quality.go_on.isVisible()
    panel.map.stopped = (epoch, epoch + 5)  # a few epochs more tell as much as all of them
    qtbot.mouseClick(panel.quality.go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy())
    assert panel.map.stopped is None
    assert not panel.quality.go_on.isVisible()


def test_a_layout_waits_while_nobody_can_see_it(panel, qtbot):
    panel.bar.choose(panel.bar.method, "umap")
    panel.bar.choose(panel.bar.count, 5000)
    panel.settings.take({"epochs": 5000})
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: panel.making.job is not None)
    panel.hide()
    assert panel.making.job.paused or panel.making.job.told["pause"]
    panel.show()
    assert not panel.making.job.paused
    panel.cancel()


def test_a_changed_parameter_costs_only_the_layout(panel, qtbot):
    panel.bar.choose(panel.bar.method, "umap")
    panel.settings.take({"epochs": 60})
    make(panel, qtbot)
    cloud, before = panel.map.cloud, panel.map.positions
    qtbot.mouseClick(panel.bar.settings, Qt.MouseButton.LeftButton)
    assert panel.settings.isVisible()
    box = panel.settings.boxes["min_dist"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: panel.map.wish.min_dist > 0.1 and not panel.busy())
    assert panel.map.cloud is cloud
    assert not np.array_equal(panel.map.positions, before)
    titles = [colouring.title for colouring in panel.map.colourings]
    assert PRESERVED in titles
    assert DENSITY in titles


def test_every_parameter_has_a_sentence_and_shows_where_it_is_read(panel):
    run(panel, "map.page_settings")
    for parameter in PARAMETERS:
        box = panel.settings.boxes[parameter.name]
        assert box.toolTip() == parameter.help
        assert box.accessibleName() == parameter.title
        for method in ("umap", "tsne", "pca"):
            panel.settings.show_method(method)
            assert box.isVisible() == (method in parameter.methods)
    panel.settings.boxes["min_dist"].setValue(1.5)
    wish = panel.settings.wish("umap")
    assert wish.spread >= wish.min_dist


def test_the_page_of_trust_explains_each_figure(panel, qtbot):
    run(panel, "map.page_trust")
    assert "no finished map" in panel.trust.text.text()
    make(panel, qtbot)
    for word in ("Trustworthiness", "Neighbours kept", "Distances"):
        assert word in panel.trust.text.text()
        assert word in panel.quality.text.toolTip()
    qtbot.mouseClick(panel.pages.close_button, Qt.MouseButton.LeftButton)
    assert not panel.pages.isVisible()


def test_pixels_of_samples_and_one_part_of_the_codes(panel, qtbot):
    panel.bar.choose(panel.bar.source, "pixels")
    make(panel, qtbot)
    assert panel.map.cloud.points.shape == (500, 256)
    assert panel.map.locator.by_images
    qtbot.waitUntil(lambda: panel.scatter.marks.current is not None)
    at = panel.bar.count.findData(100_000)
    assert not panel.bar.count.model().item(at).isEnabled()
    assert MOST_IMAGES < 100_000


def test_codes_without_images_are_drawn_here_and_pictured_when_looked_at(panel, qtbot):
    panel.bar.choose(panel.bar.count, 50_000)
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: panel.map is not None and panel.painting.shown is not None)
    panel.cancel()  # the exact neighbours of so many take a while
    assert len(panel.map.cloud) == 50_000
    assert panel.map.cloud.images is None
    panel.peek.show_point(7)
    qtbot.waitUntil(lambda: panel.card.view.array is not None)
    assert panel.card.view.array.shape == (16, 16, 1)


def test_a_file_dropped_on_the_map_brings_colours_and_words(panel, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    kind = rng.integers(3, size=300)
    points = rng.normal(size=(300, 7)) + 5 * np.eye(7)[kind]
    words = np.array([f"sentence number {i}" for i in range(300)])
    file = tmp_path / "mine.npz"
    np.savez(
        file, embeddings=points, kind=np.array(["ape", "bee", "cow"])[kind], age=rng.random(300), words=words
    )
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    event = QDropEvent(
        QPointF(200, 200), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    panel.dropEvent(event)
    assert event.isAccepted()
    qtbot.waitUntil(lambda: not panel.busy())
    assert not panel.problems
    assert [c.title for c in panel.map.colourings][:2] == ["kind", "age"]
    assert panel.quality.text.text().startswith("300 rows of 7 numbers")
    qtbot.keyClicks(panel.tools.search, "number 123")
    qtbot.keyClick(panel.tools.search, Qt.Key.Key_Return)
    assert panel.session.selection.ids.tolist() == [123]
    before = panel.session.code
    panel.travel.click(5, False)
    assert panel.session.code is before  # no codes of this model
    assert panel.selecting.here.ids.tolist() == [5]
    disabled = next(c for c in panel.commands() if c.id == "map.select_mean").enabled()
    assert disabled == "These rows are no codes of this model."


def test_a_model_of_unknown_data_is_mapped_by_its_own_pictures(panel):
    panel.bar.chosen = False
    panel.bar.allow(replace(panel.session.model, dataset="Pictures of somebody", classifier=""))
    assert panel.bar.source.currentData() == "pixels"


def test_data_that_are_not_there_give_way_to_what_is(panel, qtbot):
    panel.bar.chosen = False
    panel.bar.allow(replace(panel.session.model, dataset="npz:nowhere.npz"))
    assert panel.bar.source.currentData() == "data"
    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    make(panel, qtbot)
    assert panel.map.wanted.source == "codes"
    assert "Mapped instead" in told[0]


def test_density_is_in_doublings_of_the_usual():
    found = density(np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0], [np.nan, np.nan]]))
    np.testing.assert_allclose(found, [1, 0, -1, np.nan])
