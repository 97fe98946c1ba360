"""The Map panel over a real model host and real jobs, by real clicks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from backends.native import describe, read_info, save
from explorer.panels.map import MapPanel
from explorer.widgets.map_view.drawn import pack
from tests.panels.map_steps import make, open_panel, press, run


@pytest.fixture
def panel(qtbot, services):
    return open_panel(qtbot, services)


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """An untrained classifier of the tiny models' pictures."""
    import torch

    from backends.registry import families

    torch.manual_seed(0)
    config = {"width": 4, "image_size": 16, "classes": 3}
    model = families()["classifier"].build(config)
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    save(path, model, replace(describe(model, name="judge", family="classifier"), classes=("a", "b", "c")))
    return read_info(path)


def point(panel, row):
    return panel.scatter.pixel_of(row).toPoint()


def click_point(panel, qtbot, row, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(panel.scatter.viewport(), Qt.MouseButton.LeftButton, modifier, point(panel, row))


def far_apart(panel):
    """Two rows at the ends of the map, which no other point covers."""
    x = panel.map.positions[:, 0]
    return int(x.argmin()), int(x.argmax())


def marked(panel):
    return panel.scatter.marks.current


def drag(panel, points, modifier=Qt.KeyboardModifier.NoModifier):
    """Press, move along, release, with the left button."""
    view = panel.scatter.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, modifier, points[0])
    for place in points[1:]:
        QTest.mouseMove(view, place)
    # QTest's moves carry no keys; the release does, and it is the release that decides.
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifier, points[-1])
    QApplication.processEvents()


def whole(panel):
    """Two opposite corners of the view."""
    rect = panel.scatter.viewport().rect().adjusted(4, 4, -4, -4)
    return [rect.topLeft(), rect.center(), rect.bottomRight()]


def test_a_map_to_hover_and_to_travel_on(panel, qtbot):
    make(panel, qtbot)
    assert panel.map.positions.shape == (500, 2)
    assert "Trustworthiness" in panel.quality.text.text()
    assert not panel.waiting.isVisible()
    row, _ = far_apart(panel)

    QTest.mouseMove(panel.scatter.viewport(), point(panel, row) - QPoint(40, 40))
    QTest.mouseMove(panel.scatter.viewport(), point(panel, row))
    assert panel.scatter.marks.ring is not None  # at once; the card after a rest
    qtbot.waitUntil(panel.card.isVisible)
    np.testing.assert_array_equal(panel.card.view.array, panel.map.cloud.images[row])

    before = marked(panel)
    click_point(panel, qtbot, row)
    np.testing.assert_array_equal(panel.session.code.values["z"], panel.map.cloud.codes[row])
    after = marked(panel)
    spread = np.ptp(panel.map.positions, axis=0).max()
    assert np.linalg.norm(after - panel.map.positions[row]) < spread / 4
    assert not np.array_equal(before, after)
    panel.session.undo()
    np.testing.assert_allclose(marked(panel), before)


def test_two_clicks_with_shift_are_a_walk(panel, qtbot):
    make(panel, qtbot)
    first, last = far_apart(panel)
    click_point(panel, qtbot, first, Qt.KeyboardModifier.ShiftModifier)
    assert not panel.session.state.path.codes
    click_point(panel, qtbot, last, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: panel.strip.isVisible() and not panel.busy())
    path = panel.session.state.path
    np.testing.assert_array_equal(path.codes[0].values["z"], panel.map.cloud.codes[first])
    np.testing.assert_array_equal(path.codes[1].values["z"], panel.map.cloud.codes[last])
    assert len(panel.strip.arrays) == 11
    assert len(panel.scatter.marks.path) == 11

    qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=panel.strip.cell(5).center())
    np.testing.assert_allclose(panel.session.code.values["z"], panel.strip.codes[5])


def test_classes_of_a_conditional_model_can_be_switched_off(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-label"]))
    make(panel, qtbot)
    assert panel.bar.colour.currentText() == "Class"
    assert panel.legend.list.count() == 10
    assert sum(panel.colouring.counts()) == 500
    bare = panel.scatter.grab().toImage()
    rect = panel.legend.list.visualItemRect(panel.legend.list.item(3))
    spot = QPoint(rect.left() + 9, rect.center().y())
    qtbot.mouseClick(panel.legend.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert panel.legend.hidden == {3}
    assert panel.scatter.grab().toImage() != bare


def test_colours_by_a_dimension_have_a_scale(panel, qtbot):
    make(panel, qtbot)
    box = panel.bar.colour
    box.setCurrentIndex(box.findText("z 1"))
    box.activated.emit(box.currentIndex())
    assert panel.legend.currentWidget() is panel.legend.scale
    np.testing.assert_allclose(panel.colouring.values, panel.map.cloud.codes[:, 1], rtol=1e-5)


def test_a_data_set_is_encoded(panel, qtbot):
    panel.bar.choose(panel.bar.source, "data")
    assert panel.bar.spec.isVisible()
    panel.bar.spec.setEditText("digits")
    make(panel, qtbot)
    assert panel.map.cloud.classes == tuple("0123456789")
    assert panel.bar.colour.currentText() == "Class"
    assert panel.map.cloud.images[0].shape == (16, 16, 1)


def test_a_wrong_data_set_is_one_sentence(panel, qtbot):
    panel.bar.choose(panel.bar.source, "data")
    panel.bar.spec.setEditText("folder:/nowhere")
    press(qtbot, panel.bar.make)
    qtbot.waitUntil(lambda: not panel.busy())
    assert panel.problems[0].startswith("There is no folder at /nowhere")
    assert panel.map is None


def test_features_of_the_images_by_a_classifier(panel, qtbot, classifier, tiny_models):
    info = replace(
        panel.session.models[str(tiny_models["tiny"])], classifier=classifier.path, checksum="other"
    )
    panel.session.set_models([info, classifier])
    panel.bar.choose(panel.bar.source, "features")
    make(panel, qtbot)
    assert panel.map.cloud.points.shape[1] != panel.session.space.size
    assert panel.map.cloud.classes == ("a", "b", "c")
    assert panel.bar.colour.findText("Classifier's confidence") > 0
    qtbot.waitUntil(lambda: marked(panel) is not None)


def test_codes_of_many_dimensions_are_called_noise(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    make(panel, qtbot)
    assert "mostly noise" in panel.quality.text.text()
    assert not panel.quality.better.isVisible()  # it has neither classifier nor encoder


def test_noise_with_an_encoder_offers_encoded_data(panel, qtbot):
    panel.quality.better_asked.connect(lambda source: asked.append(source))
    asked: list[str] = []
    make(panel, qtbot)
    assert panel.making.better(panel.map) == "data"


def test_a_map_can_be_given_up(panel, qtbot):
    press(qtbot, panel.bar.make)
    assert panel.busy()
    panel.cancel()
    assert not panel.busy()
    assert panel.quality.text.text() == "Given up."
    make(panel, qtbot)  # and made again


def test_another_layout_of_the_same_codes_asks_for_no_new_ones(panel, qtbot):
    make(panel, qtbot)
    cloud = panel.map.cloud
    panel.bar.choose(panel.bar.method, "umap")
    make(panel, qtbot)
    assert panel.map.cloud is cloud
    assert panel.map.method == "umap"


def test_another_model_clears_the_map_and_says_what_it_lacks(panel, qtbot, tiny_models):
    make(panel, qtbot)
    panel.session.select_model(str(tiny_models["tiny-wide"]))
    assert panel.map is None
    assert not panel.bar.save.isEnabled()
    entry = panel.bar.source.model().item(panel.bar.source.findData("data"))
    assert not entry.isEnabled()
    assert "no encoder" in entry.toolTip()


def test_the_map_is_saved(panel, qtbot, tmp_path):
    make(panel, qtbot)
    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    for name in ("map.png", "map.csv"):
        panel.save_map(tmp_path / name)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert len((tmp_path / "map.csv").read_text().splitlines()) == 501
    assert (tmp_path / "map.png").stat().st_size > 5000


def test_choices_are_found_again(panel, services, qtbot):
    panel.bar.seed.setValue(7)
    panel.bar.choose(panel.bar.source, "data")
    panel.bar.spec.setEditText("digits")
    other = MapPanel(services)
    qtbot.addWidget(other)
    other.restore_settings(panel.settings_to_save())
    assert other.settings_to_save() == panel.settings_to_save()
    other.restore_settings({"method": "som", "seed": "x", "count": [], "spec": 3})
    assert other.settings_to_save() == panel.settings_to_save()


def test_commands_say_why_not(panel):
    enabled = {command.id: command.enabled() for command in panel.commands()}
    assert enabled["map.make"] is True
    assert enabled["map.save_picture"] == "Make a map first."


def test_a_rectangle_selects_for_every_panel_and_can_be_undone(panel, qtbot):
    make(panel, qtbot)
    heard: list[int] = []
    panel.session.selection_changed.connect(lambda: heard.append(len(panel.session.selection)))
    qtbot.mouseClick(panel.tools.buttons["rectangle"], Qt.MouseButton.LeftButton)
    corner, middle, _ = whole(panel)
    pixels = [panel.scatter.pixel_of(i) for i in range(500)]  # the view may be laid out anew afterwards
    drag(panel, [corner, corner + QPoint(30, 30), middle])
    chosen = panel.session.selection
    assert heard == [len(chosen)]
    assert 0 < len(chosen) < 500
    for at, pixel in enumerate(pixels):
        edge = min(abs(pixel.x() - middle.x()), abs(pixel.y() - middle.y()))
        inside = corner.x() <= pixel.x() <= middle.x() and corner.y() <= pixel.y() <= middle.y()
        assert (at in chosen.ids) == inside or edge < 1, (at, pixel)
    np.testing.assert_array_equal(chosen.codes, panel.map.cloud.codes[chosen.ids])
    assert panel.tools.selection.text().startswith(f"{len(chosen)} selected")
    panel.session.undo()
    assert len(panel.session.selection) == 0
    panel.session.redo()
    panel.scatter.setFocus()
    qtbot.keyClick(panel.scatter, Qt.Key.Key_Escape)
    assert len(panel.session.selection) == 0


def test_ids_tie_selection_thumbnails_and_hover_together_before_and_after_filtering(
    panel, qtbot, tiny_models
):
    panel.session.select_model(str(tiny_models["tiny-label"]))
    make(panel, qtbot)
    row, _ = far_apart(panel)
    label = int(panel.colouring.labels[row])
    panel.selecting.choose(np.flatnonzero(panel.colouring.labels == label))
    before = panel.session.selection.ids, panel.scatter.pixel_of(row)
    panel.scatter.set_thumbnails("always")
    shown = dict(panel.scatter.thumbnails.shown())
    assert set(shown) <= set(before[0].tolist())
    panel.legend.hide_box.setChecked(True)
    for item in (panel.legend.list.item(n) for n in range(10)):
        if not item.text().startswith(panel.colouring.names[label]):
            item.setCheckState(Qt.CheckState.Unchecked)
    np.testing.assert_array_equal(panel.session.selection.ids, before[0])
    assert panel.scatter.pixel_of(row) == before[1]
    assert dict(panel.scatter.thumbnails.shown()) == shown
    QTest.mouseMove(panel.scatter.viewport(), point(panel, row) - QPoint(50, 50))
    QTest.mouseMove(panel.scatter.viewport(), point(panel, row))
    qtbot.waitUntil(lambda: panel.scatter.pointer.hover == row)
    qtbot.waitUntil(panel.card.isVisible)
    np.testing.assert_array_equal(panel.card.view.array, panel.map.cloud.images[row])


def test_what_a_selection_is_good_for(panel, qtbot, tmp_path):
    make(panel, qtbot)
    told: list[str] = []
    panel.services.notices.told.connect(told.append)
    x = panel.map.positions[:, 0]
    left, right = np.argsort(x)[:100], np.argsort(x)[-100:]
    panel.selecting.choose(left)
    run(panel, "map.select_mean")
    np.testing.assert_allclose(
        panel.session.code.values["z"], panel.map.cloud.codes[left].mean(axis=0), atol=1e-5
    )
    run(panel, "map.select_remember")
    panel.selecting.choose(right)
    run(panel, "map.select_direction")
    found = panel.session.state.directions[-1]
    assert found.validation > 0.9
    apart = panel.map.cloud.codes[right].mean(axis=0) - panel.map.cloud.codes[left].mean(axis=0)
    assert found.vector @ apart / np.linalg.norm(found.vector) / np.linalg.norm(apart) > 0.999
    run(panel, "map.select_favourites")
    assert len(panel.session.state.favourites) == 24
    assert panel.selecting.pictures().shape == (100, 16, 16, 1)
    for name in ("codes.csv", "codes.npz"):
        panel.selecting.save_codes(tmp_path / name)
    qtbot.waitUntil(lambda: len([t for t in told if t.startswith("Saved")]) == 2)
    kept = np.load(tmp_path / "codes.npz")
    np.testing.assert_array_equal(kept["codes"], panel.map.cloud.codes[right])
    lines = (tmp_path / "codes.csv").read_text().splitlines()
    assert len(lines) == 101
    assert [int(line.split(",")[0]) for line in lines[1:]] == right.tolist()


def test_a_path_drawn_by_hand_is_walked(panel, qtbot):
    make(panel, qtbot)
    qtbot.waitUntil(lambda: panel.peek.inverse is not None)
    qtbot.mouseClick(panel.tools.buttons["draw"], Qt.MouseButton.LeftButton)
    corner, middle, end = whole(panel)
    drag(panel, [corner, QPoint(middle.x(), corner.y()), middle, end])
    path = panel.session.state.path
    assert len(path.codes) == 8
    qtbot.waitUntil(lambda: panel.strip.isVisible() and not panel.busy())
    assert len(panel.strip.arrays) == 15
    assert panel.scatter.marks.path is not None


def test_between_points_one_sees_what_would_be_there_beside_the_nearest(panel, qtbot):
    make(panel, qtbot)
    qtbot.waitUntil(lambda: panel.peek.inverse is not None)
    corner = whole(panel)[0]
    QTest.mouseMove(panel.scatter.viewport(), corner + QPoint(5, 5))
    QTest.mouseMove(panel.scatter.viewport(), corner)
    qtbot.waitUntil(lambda: panel.card.isVisible() and panel.card.beside.isVisible())
    assert panel.card.caption.text() == "far from the data"
    nearest = int(panel.peek.inverse.at(panel.scatter.marks.spot[0]).nearest[0])
    np.testing.assert_array_equal(panel.card.beside.array, panel.map.cloud.images[nearest])
    run(panel, "map.between")
    assert not panel.card.isVisible()
    assert panel.scatter.marks.spot is None


def test_the_neighbours_of_a_point_stand_in_a_strip(panel, qtbot):
    make(panel, qtbot)
    panel.travel.show_neighbours(7)
    qtbot.waitUntil(panel.neighbours.isVisible)
    away = np.linalg.norm(panel.map.cloud.points - panel.map.cloud.points[7], axis=1)
    assert panel.neighbours.rows == np.argsort(away, kind="stable")[:12].tolist()
    assert panel.neighbours.captions[1] == f"{np.sort(away)[1]:.3g}"
    cell = panel.neighbours.cell(3)
    qtbot.mouseClick(panel.neighbours, Qt.MouseButton.LeftButton, pos=cell.center())
    np.testing.assert_array_equal(
        panel.session.code.values["z"], panel.map.cloud.codes[panel.neighbours.rows[3]]
    )


def test_a_search_selects_by_class_and_by_number(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-label"]))
    make(panel, qtbot)
    search = panel.tools.search
    for text, mask in (
        ("3", panel.colouring.labels == 3), ("z 1 > 0.5", panel.map.cloud.codes[:, 1] > 0.5),
    ):  # fmt: skip
        search.clear()
        qtbot.keyClicks(search, text)
        qtbot.keyClick(search, Qt.Key.Key_Return)
        np.testing.assert_array_equal(panel.session.selection.ids, np.flatnonzero(mask))
    qtbot.keyClicks(search, "nonsense")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert "nonsense" in panel.problems[-1]


def test_tools_and_looks_are_commands_and_buttons_alike(panel, qtbot):
    run(panel, "map.tool_lasso")
    assert panel.tools.buttons["lasso"].isChecked()
    qtbot.mouseClick(panel.tools.buttons["go"], Qt.MouseButton.LeftButton)
    assert next(c for c in panel.commands() if c.id == "map.tool_go").checked()
    for ident in ("map.mode_density", "map.contours_each", "map.thumbnails_never", "map.larger", "map.names"):
        run(panel, ident)
    assert panel.scatter.layer.mode == "density"
    assert panel.scatter.layer.scale > 1
    assert panel.look.to_json() == {
        "mode": "density", "contours": "each", "thumbnails": "never", "size": 3, "names": False,
        "between": True,
    }  # fmt: skip
    menu = panel.tools.look.menu()
    menu.aboutToShow.emit()
    ticked = {action.text().split("\t")[0] for action in menu.actions() if action.isChecked()}
    assert {"Density", "Contours of each class", "No thumbnails"} <= ticked


def test_a_right_click_offers_what_can_be_done_with_the_point(panel, qtbot):
    make(panel, qtbot)
    row, _ = far_apart(panel)
    qtbot.mouseClick(panel.scatter.viewport(), Qt.MouseButton.RightButton, pos=point(panel, row))
    menu = QApplication.activePopupWidget()
    action = next(a for a in menu.actions() if a.text() == "Select this point")
    action.trigger()
    menu.close()
    assert panel.session.selection.ids.tolist() == [row]


def test_on_another_ground_the_colours_are_others(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny-label"]))
    make(panel, qtbot)
    app, old = QApplication.instance(), QApplication.instance().palette()

    def shown():
        return set(np.unique(panel.scatter.layer.drawn.colours).tolist())

    def wanted():
        colouring = panel.colouring
        return set(np.unique(pack(colouring.colours(panel.palette_of(colouring)))).tolist())

    light = shown()
    assert light == wanted()
    try:
        app.setPalette(QPalette(QColor(20, 20, 24)))
        qtbot.waitUntil(lambda: panel.scatter.dark and shown() != light)
        assert shown() == wanted()
    finally:
        app.setPalette(old)
