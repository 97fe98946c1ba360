"""The shelf by real clicks and keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QListWidget, QMenu

from backends.api import BadCode, BadModel
from explorer.model.runs import RunSummary
from explorer.model.state import Direction, Favourite
from explorer.panels.shelf import ShelfPanel
from tests.hands import LEFT
from trainers.api import Phase
from trainers.runs import State as RunState


@pytest.fixture
def shelf(qtbot, services):
    made = ShelfPanel(services)
    qtbot.addWidget(made)
    made.resize(260, 700)
    made.show()
    yield made
    made.trainings.close()


def keep(shelf, name, seed=1):
    session = shelf.session
    code = session.space.sample(seed)
    favourite = Favourite(session.model.path, code, np.full((16, 16, 3), 90, np.uint8), name)
    session.add_favourite(favourite)
    return favourite


def click(qtbot, view, item):
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.visualItemRect(item).center())


def test_a_click_makes_a_model_current(shelf, qtbot):
    path = next(p for p, m in shelf.session.models.items() if m.name == "tiny-wide")
    click(qtbot, shelf.models, shelf.models.item_of(path))
    assert shelf.session.model.path == path
    assert "Parameters" in shelf.models.item_of(path).toolTip(0)


def test_a_broken_file_says_why(shelf, qtbot):
    shelf.session.set_models(shelf.session.models.values(), [("/x/cut.safetensors", "cut is truncated.")])
    head = shelf.models.topLevelItem(shelf.models.topLevelItemCount() - 1)
    assert head.child(0).toolTip(0).endswith("cut is truncated.")
    with pytest.raises(BadModel, match="truncated"):
        shelf.models._choose(head.child(0))


def test_favourites_come_back_are_renamed_and_removed(shelf, qtbot):
    kept = keep(shelf, "three", seed=3)
    keep(shelf, "four", seed=4)
    shelf.session.set_seed(9)
    item = shelf.favourites.item(0)
    click(qtbot, shelf.favourites, item)
    assert shelf.session.code == kept.code
    shelf.session.undo()
    assert shelf.session.code != kept.code
    item.setText("III")
    assert shelf.session.state.favourites[0].name == "III"
    shelf.favourites.setCurrentRow(0)
    shelf.favourites.setFocus()
    qtbot.keyClick(shelf.favourites, Qt.Key.Key_Delete)
    assert [f.name for f in shelf.session.state.favourites] == ["four"]
    assert "Favourites  1" in shelf.sections["Favourites"].head.text()


def test_a_favourite_of_a_lost_model_says_so(shelf):
    shelf.session.add_favourite(Favourite("/gone", shelf.session.code, np.zeros((4, 4, 3), np.uint8), "lost"))
    with pytest.raises(BadCode, match="isn't there"):
        shelf.favourites._choose(shelf.favourites.item(0))


def test_a_dragged_favourite_is_a_picture_and_a_code(shelf):
    kept = keep(shelf, "one")
    mime = shelf.favourites.mimeData([shelf.favourites.item(0)])
    assert mime.hasImage()
    assert mime.text() == kept.code.to_text()


def test_favourites_menu(shelf, qtbot):
    keep(shelf, "one")
    place = shelf.favourites.visualItemRect(shelf.favourites.item(0)).center()
    shelf.favourites.customContextMenuRequested.emit(QPoint(place))
    menu = shelf.favourites.findChild(QMenu)
    shelf.favourites.setCurrentRow(0)
    menu.actions()[2].trigger()
    assert not shelf.session.state.favourites
    menu.close()


def test_directions_are_listed_and_removed(shelf, qtbot):
    session = shelf.session
    path = next(p for p, m in session.models.items() if m.name == "tiny-wide")
    session.add_direction(Direction(path, "z", np.ones(40, np.float32), "smile", "class means"))
    click(qtbot, shelf.directions, shelf.directions.item(0))
    assert session.model.path == path
    place = shelf.directions.visualItemRect(shelf.directions.item(0)).center()
    shelf.directions.customContextMenuRequested.emit(QPoint(place))
    menu = shelf.directions.findChild(QMenu)
    menu.actions()[0].trigger()
    assert not session.state.directions
    menu.close()


def test_trainings_show_progress_and_open(shelf, qtbot, tmp_path, tiny_models):
    told = []
    shelf.services.notices.told.connect(told.append)
    state = RunState(phase=Phase.STOPPED, step=50, steps=100)
    run = RunSummary(tmp_path, "digits", "vae", "digits", state, {})
    shelf.runs.show_runs([run])
    assert "50%" in shelf.runs.item(0).text()
    click(qtbot, shelf.runs, shelf.runs.item(0))
    assert "no model yet" in told[0]
    (tmp_path / "model.safetensors").write_bytes(tiny_models["tiny"].read_bytes())
    shelf.runs.show_runs([RunSummary(tmp_path, "digits", "vae", "digits", state, {}, model_time=1)])
    click(qtbot, shelf.runs, shelf.runs.item(0))
    assert shelf.session.model.path == str(tmp_path / "model.safetensors")


def test_sections_fold_and_remember(shelf, qtbot, services):
    keep(shelf, "one")
    section = shelf.sections["Favourites"]
    assert section.content.isVisible()
    qtbot.mouseClick(section.head, LEFT)
    assert not section.content.isVisible()
    saved = shelf.settings_to_save()
    assert saved == {"folded": ["Favourites"], "tree": False}
    qtbot.mouseClick(section.head, LEFT)
    shelf.restore_settings(saved)
    assert not section.is_open
    shelf.restore_settings({})
    assert isinstance(section.content, QListWidget)
    assert section.is_open


def test_the_models_have_the_spare_room_and_the_current_one_stays_in_sight(shelf, qtbot):
    others = [s for title, s in shelf.sections.all.items() if title != "Models"]
    qtbot.waitUntil(lambda: shelf.sections["Models"].geometry().bottom() > shelf.height() / 2)
    assert max(s.geometry().bottom() for s in others) > shelf.height() - 12
    last = shelf.models._leaves()[-1]
    shelf.session.select_model(last.data(0, Qt.ItemDataRole.UserRole))
    shelf.resize(260, 330)
    area = shelf.models.viewport()
    qtbot.waitUntil(lambda: area.rect().contains(shelf.models.visualItemRect(shelf.models.currentItem())))


def shown(shelf):
    """The names of the models that are shown, from the top."""
    return [item.text(0) for item in shelf.models._leaves() if not item.isHidden()]


def test_models_as_a_tree_of_families(shelf, qtbot):
    qtbot.mouseClick(shelf.browser.tree, LEFT)
    path, names = shelf.session.state.model, []
    item = shelf.models.item_of(path)
    while (item := item.parent()) is not None:
        names.append(item.text(0))
    assert names == ["Variational", "Approximate", "Explicit density"]
    assert sorted(shown(shelf)) == ["tiny", "tiny-label", "tiny-wide"]
    wide = next(p for p, m in shelf.session.models.items() if m.name == "tiny-wide")
    click(qtbot, shelf.models, shelf.models.item_of(wide))
    assert shelf.session.state.model == wide
    assert shelf.models.currentItem() is shelf.models.item_of(wide)
    saved = shelf.settings_to_save()
    qtbot.mouseClick(shelf.browser.tree, LEFT)
    assert shelf.models.item_of(wide).parent().parent() is None
    shelf.restore_settings(saved)
    assert shelf.browser.tree.isChecked()


@pytest.mark.parametrize("as_tree", [False, True])
def test_search_by_name_family_and_branch(shelf, qtbot, as_tree):
    shelf.browser.tree.setChecked(as_tree)
    qtbot.keyClicks(shelf.browser.search, "tiny-w")
    assert shown(shelf) == ["tiny-wide"]
    heads = [shelf.models.topLevelItem(i) for i in range(shelf.models.topLevelItemCount())]
    assert sum(not head.isHidden() for head in heads) == 1
    qtbot.keyClick(shelf.browser.search, Qt.Key.Key_Return)
    assert shelf.session.model.name == "tiny-wide"
    shelf.browser.search.setText("approximate vae")
    assert shown(shelf) == ["tiny"]
    shelf.session.set_models(shelf.session.models.values())
    assert shown(shelf) == ["tiny"]  # what comes later is searched too
    shelf.browser.search.setText("no such thing")
    assert shown(shelf) == []
    shelf.browser.search.clear()
    assert len(shown(shelf)) == 3


def test_commands_turn_the_tree_and_go_to_the_search(shelf):
    tree, search = shelf.commands()
    tree.run()
    assert tree.checked()
    search.run()
    assert shelf.focusWidget() is shelf.browser.search
