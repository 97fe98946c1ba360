"""The Mix panel over a real model host, by real clicks, keys and drops."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QPoint, Qt

from backends.native import describe, read_info, save
from explorer.latent import mixing
from explorer.model.export import read_origin
from explorer.model.state import Favourite
from explorer.panels.mix import MixPanel
from explorer.panels.mix_sources import sources_here
from tests.hands import choose, choose_file, click, drop, holding_image, settle, write


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
        qtbot.waitUntil(lambda n=count: len(sources_here(panel.session)) == n + 1)
    settle(panel, qtbot)
    return panel


def double_click(qtbot, grid, index):
    at = grid.cell(index).center()
    click(qtbot, grid, at)
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=at)


def by_hand(panel):
    info, recipe = panel.session.model, panel.groups.recipe
    codes = mixing.settled(info.space, [s.code for s in sources_here(panel.session)])
    return mixing.mix(info.space, codes, panel.groups.groups, recipe.chosen, recipe.amounts)


def test_an_empty_panel_says_what_to_do(panel):
    assert "Random" in panel.result.hint
    assert "drop an image" in panel.sources.grid.hint
    assert not panel.first.use_button.isEnabled()
    assert "two sources" in panel.first.use_button.toolTip()


def test_one_source_is_shown_and_more_are_asked_for(panel, qtbot):
    click(qtbot, panel.sources.current)
    settle(panel, qtbot)
    assert len(sources_here(panel.session)) == 1
    assert "second source" in panel.table.grids[0].hint
    panel.tabs.setCurrentIndex(1)
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
        choose(mixed.split.split, qtbot, text)
        settle(mixed, qtbot)
        assert len(mixed.groups.rows) == count
    mixed.split.ranges.setFocus()
    mixed.split.ranges.selectAll()
    qtbot.keyClicks(mixed.split.ranges, "0-1")
    qtbot.keyClick(mixed.split.ranges, Qt.Key.Key_Return)
    settle(mixed, qtbot)
    assert [g.name for g in mixed.groups.groups] == ["z 0-1", "the rest"]
    mixed.split.ranges.selectAll()
    qtbot.keyClicks(mixed.split.ranges, "7-9")
    qtbot.keyClick(mixed.split.ranges, Qt.Key.Key_Return)
    settle(mixed, qtbot)
    assert "not within" in mixed.split.message.text()
    choose(mixed.split.split, qtbot, "Principal directions")
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


def test_chains_of_sources(mixed, qtbot):
    mixed.tabs.setCurrentIndex(1)
    settle(mixed, qtbot)
    shown = mixed.analogies
    assert shown.codes.shape == (1, 1, 3, 4)
    space = mixed.session.space
    a, b, c = (space.pack(s.code) for s in sources_here(mixed.session))
    np.testing.assert_allclose(shown.codes[0, 0, 0], mixing.analogy(space, a, b, c))
    grid = shown.grids[0]
    assert grid.captions[0] == "A − B + C"
    click(qtbot, grid, grid.cell(0).center())
    np.testing.assert_allclose(space.pack(mixed.session.code), shown.codes[0, 0, 0])
    write(qtbot, shown.formula, "C - A + B")
    settle(mixed, qtbot)
    np.testing.assert_allclose(shown.codes[0, 0, 0], mixing.analogy(space, c, a, b))
    write(qtbot, shown.formula, "C - A")
    assert "one more" in shown.said.text()


def test_grids_of_corners(mixed, qtbot):
    mixed.tabs.setCurrentIndex(2)
    settle(mixed, qtbot)
    corners = mixed.first.corners
    space = mixed.session.space
    a, b, c = (space.pack(s.code) for s in sources_here(mixed.session))
    assert corners.codes.shape == (1, 7, 7, 4)
    np.testing.assert_allclose(corners.codes[0, [0, 0, 6], [0, 6, 0]], [a, b, c], atol=1e-5)
    choose(corners.corners, qtbot, "four")
    assert "fourth" in corners.grids[0].hint
    click(qtbot, mixed.sources.random)
    qtbot.waitUntil(lambda: corners.codes.shape == (1, 7, 7, 4))
    settle(mixed, qtbot)
    corners.side.setFocus()
    qtbot.keyClick(corners.side, Qt.Key.Key_Down)
    choose(corners.way, qtbot, "quantile")
    settle(mixed, qtbot)
    assert corners.codes.shape == (1, 6, 6, 4)
    np.testing.assert_allclose(
        corners.codes[0, 5, 5], space.pack(sources_here(mixed.session)[3].code), atol=1e-4
    )


def test_use_keep_and_export(mixed, qtbot, tmp_path):
    click(qtbot, mixed.first.use_button)
    assert mixed.session.code == mixed.code
    click(qtbot, mixed.first.keep_button)
    assert mixed.session.state.favourites[-1].code == mixed.code
    file = tmp_path / "mix.png"
    click(qtbot, mixed.first.export_button)
    choose_file(mixed, qtbot, file)
    assert read_origin(file).code == mixed.code
    assert Pillow.open(tmp_path / "mix-table.png").width > 100
    mixed.first.export_to(tmp_path / "mix.png" / "no.png")
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


def test_eight_sources_are_the_most_and_have_lists_instead_of_buttons(mixed, qtbot):
    click(qtbot, mixed.sources.filling)
    qtbot.waitUntil(lambda: len(sources_here(mixed.session)) == 8)
    settle(mixed, qtbot)
    assert not mixed.sources.random.isEnabled()
    assert "remove one" in mixed.sources.random.toolTip()
    assert drop(mixed.sources.grid, holding_image(np.zeros((16, 16, 3), np.uint8)))
    assert "eight sources" in mixed.problems[-1]
    row = mixed.groups.rows[0]
    choose(row.list, qtbot, "H")
    settle(mixed, qtbot)
    assert mixed.session.recipe.chosen[0] == 7
    everyone = mixed.groups.everyone.itemAt(0).widget()
    choose(everyone, qtbot, "All C")
    assert set(mixed.session.recipe.chosen) == {2}
    assert "Table page" in mixed.table.grids[0].hint


def test_sources_that_differ_most_replace_the_others(mixed, qtbot):
    before = {s.id for s in sources_here(mixed.session)}
    click(qtbot, mixed.sources.apart)
    qtbot.waitUntil(lambda: len(sources_here(mixed.session)) == 8)
    settle(mixed, qtbot)
    assert not before & {s.id for s in sources_here(mixed.session)}
    mixed.session.undo()
    assert before == {s.id for s in sources_here(mixed.session)}


def test_a_dropped_image_is_encoded_and_one_from_elsewhere_too(panel, qtbot, tmp_path):
    assert drop(panel.sources.grid, holding_image(np.full((20, 20, 3), 200, np.uint8)))
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 1)
    panel.session.image_dropped.emit(np.zeros((16, 16, 1), np.uint8))
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 2)
    Pillow.new("L", (16, 16), 90).save(tmp_path / "a.png")
    click(qtbot, panel.sources.image)
    choose_file(panel, qtbot, tmp_path / "a.png")
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 3)
    assert sources_here(panel.session)[2].name == "a"
    (tmp_path / "a.png").write_bytes(b"nothing")
    click(qtbot, panel.sources.image)
    choose_file(panel, qtbot, tmp_path / "a.png")
    assert "can't be read" in panel.problems[-1]


def test_a_model_without_an_encoder_says_so(panel, qtbot):
    wide = next(m for m in panel.session.models.values() if m.name == "tiny-wide")
    panel.session.select_model(wide.path)
    settle(panel, qtbot)
    assert not panel.sources.image.isEnabled()
    assert "no encoder" in panel.sources.image.toolTip()
    assert drop(panel.sources.grid, holding_image(np.zeros((16, 16, 3), np.uint8)))
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
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 1)
    assert sources_here(panel.session)[0].code == code


def test_labels_and_z_are_two_groups_of_a_conditional_model(panel, qtbot):
    label = next(m for m in panel.session.models.values() if m.name == "tiny-label")
    panel.session.select_model(label.path)
    panel.demonstrate()
    qtbot.waitUntil(lambda: len(sources_here(panel.session)) == 3)
    settle(panel, qtbot)
    choose(panel.split.split, qtbot, "Parts")
    settle(panel, qtbot)
    assert [g.name for g in panel.groups.groups] == [p.name for p in label.space.parts]


def test_commands_and_saved_settings(mixed):
    mixed.pages.setCurrentIndex(1)
    ids = [c.id for c in mixed.commands()]
    assert len(set(ids)) == len(ids)
    assert all(c.enabled() in (True, "There is no table yet.") for c in mixed.commands())
    mixed.tabs.setCurrentIndex(2)
    saved = mixed.settings_to_save()
    mixed.tabs.setCurrentIndex(0)
    mixed.pages.setCurrentIndex(0)
    mixed.restore_settings({"tab": "odd", "page": 99})
    assert (mixed.tabs.currentIndex(), mixed.pages.currentIndex()) == (0, 0)
    mixed.restore_settings(saved)
    assert (mixed.tabs.currentIndex(), mixed.pages.currentIndex()) == (2, 1)
    command = next(c for c in mixed.commands() if c.id == "mix.page.oracle")
    command.run()
    assert mixed.pages.currentWidget() is mixed.oracle
