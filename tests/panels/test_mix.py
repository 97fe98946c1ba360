"""The Mix panel over a real model host, by real clicks, keys and drops."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from backends.api import Capability
from backends.native import describe, read_info, save
from explorer.latent import mixing
from explorer.model.export import read_origin
from explorer.model.state import Favourite
from explorer.panels.mix import MixPanel
from explorer.panels.mix_choices import FAVOURITES, GENERATED
from explorer.panels.mix_sources import sources_here
from explorer.widgets.images import to_qimage

SLOW_MS = 120_000  # a busy machine's first torch


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """An untrained classifier of ten classes."""
    import torch

    from backends.registry import families

    torch.manual_seed(2)
    model = families()["classifier"].build({"width": 4, "image_size": 16})
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    info = replace(describe(model, name="judge", family="classifier"), classes=tuple("0123456789"))
    save(path, model, info)
    return read_info(path)


@pytest.fixture
def panel(services, qtbot, judge):
    models = [replace(m, classifier=judge.path) for m in services.session.models.values()]
    services.session.set_models([*models, judge])
    made = MixPanel(services)
    qtbot.addWidget(made, before_close_func=lambda panel: settle(panel, qtbot))  # an answer needs its panel
    made.resize(900, 700)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    services.notices.told.connect(made.told.append)
    made.show()
    settle(made, qtbot)
    return made


@pytest.fixture
def mixed(panel, qtbot):
    """With three random sources."""
    for _ in range(3):
        count = len(sources_here(panel.session))
        click(qtbot, panel.sources.random)
        qtbot.waitUntil(lambda n=count: len(sources_here(panel.session)) == n + 1, timeout=SLOW_MS)
    settle(panel, qtbot)
    return panel


def settle(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.busy() and not panel.host.busy, timeout=SLOW_MS)


def click(qtbot, widget, at=None):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())


def double_click(qtbot, grid, index):
    at = grid.cell(index).center()
    click(qtbot, grid, at)
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=at)


def choose(combo, qtbot, text):
    """By keys, as the popup of a combo box has no place offscreen."""
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.count()):
        if combo.currentText() == text:
            break
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    combo.activated.emit(combo.currentIndex())
    assert combo.currentText() == text


def drop(widget, image):
    mime, at = QMimeData(), QPointF(widget.rect().center())
    mime.setImageData(to_qimage(image))
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(at.toPoint(), *how)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(at, *how))


def by_hand(panel):
    info, recipe = panel.session.model, panel.groups.recipe
    codes = mixing.settled(info.space, [s.code for s in sources_here(panel.session)])
    return mixing.mix(info.space, codes, panel.groups.groups, recipe.chosen, recipe.amounts)


def test_an_empty_panel_says_what_to_do(panel):
    assert "Random" in panel.result.hint
    assert "drop an image" in panel.sources.grid.hint
    assert not panel.use_button.isEnabled()
    assert "two sources" in panel.use_button.toolTip()


def test_one_source_is_shown_and_more_are_asked_for(panel, qtbot):
    click(qtbot, panel.sources.current)
    settle(panel, qtbot)
    assert len(sources_here(panel.session)) == 1
    assert "second source" in panel.table.grids[0].hint
    assert "three sources" in panel.analogies.grids[0].hint
    assert not panel.groups.shuffle.isEnabled()


def test_the_mix_is_what_the_buttons_say(mixed, qtbot):
    row = mixed.groups.rows[0]
    click(qtbot, row.buttons.button(2))
    settle(mixed, qtbot)
    assert mixed.session.recipe.chosen[0] == 2
    info = mixed.session.model
    np.testing.assert_allclose(info.space.pack(mixed.code), by_hand(mixed), atol=1e-6)
    click(qtbot, mixed.groups.everyone.itemAt(1).widget())
    settle(mixed, qtbot)
    assert set(mixed.session.recipe.chosen) == {1}
    np.testing.assert_allclose(
        info.space.pack(mixed.code), info.space.pack(sources_here(mixed.session)[1].code), atol=1e-4
    )
    click(qtbot, mixed.groups.everyone.itemAt(0).widget())
    settle(mixed, qtbot)
    np.testing.assert_array_equal(mixed.result.array, sources_here(mixed.session)[0].image)
    mixed.session.undo()
    assert set(mixed.session.recipe.chosen) == {1}


def test_a_drag_of_the_amount_is_one_undo_step_and_its_last_value_arrives(mixed, qtbot):
    click(qtbot, mixed.groups.rows[0].buttons.button(1))
    slider = mixed.groups.rows[0].slider
    at = QPoint(slider.width() - 7, slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    for x in range(at.x(), 10, -3):
        qtbot.mouseMove(slider, QPoint(x, at.y()))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(10, at.y()))
    settle(mixed, qtbot)
    amount = mixed.session.recipe.amounts[0]
    assert amount == pytest.approx(slider.number, abs=1e-3)
    assert amount < 0.3
    np.testing.assert_allclose(mixed.session.model.space.pack(mixed.code), by_hand(mixed), atol=1e-6)
    mixed.session.undo()
    assert mixed.session.recipe.amounts[0] == 1


def test_shuffle_always_changes_something(mixed, qtbot):
    before = mixed.groups.recipe.chosen
    click(qtbot, mixed.groups.shuffle)
    assert mixed.session.recipe.chosen != before


def test_every_split_can_be_chosen_and_ranges_written(mixed, qtbot):
    for text, count in (("Parts", 1), ("Single dimensions", 4), ("Ranges of dimensions", 4)):
        choose(mixed.groups.split, qtbot, text)
        settle(mixed, qtbot)
        assert len(mixed.groups.rows) == count
    mixed.groups.ranges.setFocus()
    mixed.groups.ranges.selectAll()
    qtbot.keyClicks(mixed.groups.ranges, "0-1")
    qtbot.keyClick(mixed.groups.ranges, Qt.Key.Key_Return)
    settle(mixed, qtbot)
    assert [g.name for g in mixed.groups.groups] == ["z 0-1", "the rest"]
    mixed.groups.ranges.selectAll()
    qtbot.keyClicks(mixed.groups.ranges, "7-9")
    qtbot.keyClick(mixed.groups.ranges, Qt.Key.Key_Return)
    settle(mixed, qtbot)
    assert "not within" in mixed.groups.message.text()
    choose(mixed.groups.split, qtbot, "Principal directions")
    settle(mixed, qtbot)
    assert mixed.groups.groups[0].name == "PC 1"


def test_the_table_shows_every_group_into_every_other(mixed, qtbot):
    groups = mixed.groups.groups
    assert len([g for g in mixed.table.grids if g.isVisible()]) == len(groups)
    table, sources = mixed.table.codes, sources_here(mixed.session)
    assert table.shape == (len(groups), 3, 3, 4)
    space = mixed.session.space
    np.testing.assert_allclose(table[0, 1, 1], space.pack(sources[1].code), atol=1e-6)
    click(qtbot, mixed.table.grids[0], mixed.table.grids[0].cell(5).center())
    np.testing.assert_allclose(space.pack(mixed.session.code), table[0, 1, 2])
    choose(mixed.table.which, qtbot, groups[0].name)
    settle(mixed, qtbot)
    assert mixed.table.codes.shape == (1, 3, 3, 4)


def test_analogies_of_three_sources(mixed, qtbot):
    mixed.tabs.setCurrentIndex(1)
    settle(mixed, qtbot)
    assert mixed.analogies.codes.shape == (1, 1, 3, 4)
    a, b, c = (mixed.session.space.pack(s.code) for s in sources_here(mixed.session))
    np.testing.assert_allclose(mixed.analogies.codes[0, 0, 0], mixing.analogy(mixed.session.space, a, b, c))
    grid = mixed.analogies.grids[0]
    click(qtbot, grid, grid.cell(0).center())
    np.testing.assert_allclose(mixed.session.space.pack(mixed.session.code), mixed.analogies.codes[0, 0, 0])


def test_use_keep_and_export(mixed, qtbot, tmp_path, monkeypatch):
    click(qtbot, mixed.use_button)
    assert mixed.session.code == mixed.code
    click(qtbot, mixed.keep_button)
    assert mixed.session.state.favourites[-1].code == mixed.code
    file = tmp_path / "mix.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    click(qtbot, mixed.export_button)
    assert read_origin(file).code == mixed.code
    assert Pillow.open(tmp_path / "mix-table.png").width > 100
    mixed.export_to(str(tmp_path / "mix.png" / "no.png"))
    assert "can't be written" in mixed.problems[-1]


def test_sources_are_reordered_removed_and_made_current(mixed, qtbot):
    first, second, third = sources_here(mixed.session)
    grid = mixed.sources.grid
    double_click(qtbot, grid, 1)
    assert mixed.session.code == second.code
    click(qtbot, grid, grid.cell(2).center())
    click(qtbot, mixed.sources.first)
    assert [s.id for s in sources_here(mixed.session)] == [third.id, first.id, second.id]
    click(qtbot, grid, grid.cell(1).center())
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert [s.id for s in sources_here(mixed.session)] == [third.id, second.id]
    click(qtbot, mixed.sources.removal)
    assert len(sources_here(mixed.session)) == 1
    mixed.session.undo()
    menu = mixed.sources.context_menu(0)
    menu.actions()[2].trigger()
    assert [s.id for s in sources_here(mixed.session)] == [second.id]


def test_four_sources_are_the_most(mixed, qtbot):
    click(qtbot, mixed.sources.current)
    settle(mixed, qtbot)
    assert len(sources_here(mixed.session)) == 4
    assert not mixed.sources.random.isEnabled()
    assert "remove one" in mixed.sources.random.toolTip()
    drop(mixed.sources.grid, np.zeros((16, 16, 3), np.uint8))
    assert "four sources" in mixed.problems[-1]


def test_a_dropped_image_is_encoded_and_one_from_elsewhere_too(panel, qtbot, tmp_path, monkeypatch):
    drop(panel.sources.grid, np.full((20, 20, 3), 200, np.uint8))
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 1, timeout=SLOW_MS)
    panel.session.image_dropped.emit(np.zeros((16, 16, 1), np.uint8))
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 2, timeout=SLOW_MS)
    Pillow.new("L", (16, 16), 90).save(tmp_path / "a.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.png"), ""))
    click(qtbot, panel.sources.image)
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 3, timeout=SLOW_MS)
    assert sources_here(panel.session)[2].name == "a"
    (tmp_path / "a.png").write_bytes(b"nothing")
    click(qtbot, panel.sources.image)
    assert "not a picture" in panel.problems[-1]


def test_a_model_without_an_encoder_says_so(panel, qtbot):
    wide = next(m for m in panel.session.models.values() if m.name == "tiny-wide")
    panel.session.select_model(wide.path)
    settle(panel, qtbot)
    assert not panel.sources.image.isEnabled()
    assert "no encoder" in panel.sources.image.toolTip()
    drop(panel.sources.grid, np.zeros((16, 16, 3), np.uint8))
    assert "no encoder" in panel.problems[-1]


def test_a_favourite_becomes_a_source(panel, qtbot):
    assert not panel.sources.favourite.isEnabled()
    code = panel.session.space.sample(5)
    panel.session.add_favourite(
        Favourite(panel.session.state.model, code, np.zeros((8, 8, 3), np.uint8), "five")
    )
    assert panel.sources.favourite.isEnabled()
    panel.sources.fill_menu()
    panel.sources.menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 1, timeout=SLOW_MS)
    assert sources_here(panel.session)[0].code == code


def test_labels_and_z_are_two_groups_of_a_conditional_model(panel, qtbot):
    label = next(m for m in panel.session.models.values() if m.name == "tiny-label")
    panel.session.select_model(label.path)
    panel.demonstrate()
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 3, timeout=SLOW_MS)
    settle(panel, qtbot)
    choose(panel.groups.split, qtbot, "Parts")
    settle(panel, qtbot)
    assert [g.name for g in panel.groups.groups] == [p.name for p in label.space.parts]


# Attribute vectors


def form(panel, qtbot, source):
    panel.tabs.setCurrentIndex(2)
    made = panel.attribute.form
    choose(made.where, qtbot, made.where.itemText(made.where.findData(source)))
    return made


def test_a_direction_from_generated_pictures(panel, qtbot):
    made = form(panel, qtbot, GENERATED)
    made.number.setValue(200)
    assert made.plus.count() == 10
    click(qtbot, made.button)
    settle(panel, qtbot)
    values = made.labelled.values[:, 0]
    common = [int(v) for v in np.bincount(values, minlength=10).argsort()[::-1]]
    choose(made.plus, qtbot, str(common[0]))
    choose(made.minus, qtbot, "everything else")
    qtbot.keyClicks(made.title, "odd")
    click(qtbot, made.button)
    settle(panel, qtbot)
    inside = values == common[0]
    if inside.all():
        assert "without" in panel.attribute.said.text()
        return
    direction = panel.session.state.directions[-1]
    z = made.labelled.codes
    by_means = z[inside].mean(0) - z[~inside].mean(0)
    np.testing.assert_allclose(direction.vector, by_means / np.linalg.norm(by_means), atol=1e-4)
    assert direction.name == "odd"
    assert len(panel.attribute.strip.arrays) == 7
    before = panel.session.code
    grid = panel.attribute.strip
    click(qtbot, grid, grid.cell(6).center())
    np.testing.assert_allclose(
        panel.session.code.values["z"], before.values["z"] + 3 * direction.vector, atol=1e-5
    )
    panel.session.undo()
    panel.session.remove_direction(direction.id)
    assert not panel.attribute.strip.arrays


def test_a_class_that_nothing_belongs_to_is_a_sentence(panel, qtbot):
    made = form(panel, qtbot, GENERATED)
    made.number.setValue(40)
    click(qtbot, made.button)
    settle(panel, qtbot)
    missing = int(np.bincount(made.labelled.values[:, 0], minlength=10).argmin())
    choose(made.plus, qtbot, str(missing))
    count = len(panel.session.state.directions)
    click(qtbot, made.button)
    assert "No code is in the group" in panel.attribute.said.text()
    assert len(panel.session.state.directions) == count


def test_a_direction_from_encoded_data(panel, qtbot):
    made = form(panel, qtbot, "data")
    made.spec.setFocus()
    made.spec.selectAll()
    qtbot.keyClicks(made.spec, "digits")
    made.number.setValue(300)
    click(qtbot, made.button)
    qtbot.waitUntil(lambda: made.labelled is not None, timeout=SLOW_MS)
    settle(panel, qtbot)
    assert "choose the two groups" in panel.attribute.said.text()
    choose(made.plus, qtbot, "0")
    choose(made.minus, qtbot, "1")
    click(qtbot, made.button)
    settle(panel, qtbot)
    direction = panel.session.state.directions[-1]
    assert direction.name == "0 − 1"
    assert "held-out" in panel.attribute.said.text()
    assert direction.validation > 0.5  # even an untrained encoder sees the difference of a zero and a one
    made.spec.setText("nonsense")
    click(qtbot, made.button)
    qtbot.waitUntil(lambda: "nonsense" in panel.attribute.said.text(), timeout=SLOW_MS)


def test_a_direction_from_favourites(panel, qtbot):
    made = form(panel, qtbot, FAVOURITES)
    click(qtbot, made.button)
    assert "at least one favourite" in panel.attribute.said.text()
    for seed in (1, 2):
        code = panel.session.space.sample(seed)
        panel.session.add_favourite(
            Favourite(panel.session.state.model, code, np.zeros((8, 8, 3), np.uint8), f"{seed}")
        )
    made.plus_favourites.menu().actions()[0].trigger()
    made.minus_favourites.menu().actions()[1].trigger()
    assert made.plus_favourites.text() == "1 favourites"
    click(qtbot, made.button)
    settle(panel, qtbot)
    step = panel.session.space.sample(1).values["z"] - panel.session.space.sample(2).values["z"]
    vector = panel.session.state.directions[-1].vector
    np.testing.assert_allclose(vector, step / np.linalg.norm(step), atol=1e-5)
    assert np.isnan(panel.session.state.directions[-1].validation)


def test_without_a_classifier_or_an_encoder_the_button_says_why(panel, qtbot):
    wide = next(m for m in panel.session.models.values() if m.name == "tiny-wide")
    panel.session.add_model(replace(wide, classifier=""))
    panel.session.select_model(wide.path)
    made = form(panel, qtbot, GENERATED)
    assert not made.button.isEnabled()
    assert "classifier" in made.button.toolTip()
    made = form(panel, qtbot, "data")
    assert not made.button.isEnabled()
    assert "no encoder" in made.button.toolTip()
    assert not wide.can(Capability.ENCODES)


def test_commands_and_saved_settings(mixed):
    ids = [c.id for c in mixed.commands()]
    assert len(set(ids)) == len(ids)
    assert all(c.enabled() is True for c in mixed.commands())
    mixed.tabs.setCurrentIndex(2)
    saved = mixed.settings_to_save()
    mixed.tabs.setCurrentIndex(0)
    mixed.restore_settings({"tab": "odd"})
    assert mixed.tabs.currentIndex() == 0
    mixed.restore_settings(saved)
    assert mixed.tabs.currentIndex() == 2
