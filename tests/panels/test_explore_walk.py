"""Walks in the Explore panel, and what is saved from it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from explorer.latent.paths import walk
from explorer.model.export import read_origin
from explorer.model.state import Path
from explorer.widgets.player import Repeat
from tests.hands import choose_file, click, drop, holding_files, picture_of, settle
from tests.panels.explore_steps import choose, open_panel, use, walking


@pytest.fixture
def panel(services, qtbot, flat_model):
    return open_panel(qtbot, services, flat_model)


# The walk


def test_two_new_makes_eleven_steps(panel, qtbot):
    strip = walking(panel, qtbot)
    path = panel.session.state.path
    assert len(strip.strip.arrays) == 11
    assert len(path.codes) == 2
    expected = walk(panel.session.space, *path.codes, 11, "spherical")
    assert np.array_equal(strip.codes, expected)
    assert np.array_equal(strip.images[0], picture_of(panel, qtbot, path.codes[0]))


def test_two_new_of_a_conditional_model_differ_in_class(panel, qtbot):
    use(panel, qtbot, "tiny-label")
    walking(panel, qtbot)
    first, second = (c.values["label"].argmax() for c in panel.session.state.path.codes)
    assert first != second


def test_a_click_on_a_frame_makes_it_current_to_the_bit(panel, qtbot):
    bar = walking(panel, qtbot)
    click(qtbot, bar.strip, bar.strip.cell(4).center())
    settle(panel, qtbot)
    assert np.array_equal(panel.session.space.pack(panel.session.code), bar.codes[4])
    assert np.array_equal(panel.picture.array, bar.images[4])
    click(qtbot, bar.strip, bar.strip.cell(10).center())
    assert panel.session.code is panel.session.state.path.codes[1]
    panel.session.set_seed(3)
    assert bar.strip.selected == -1
    settle(panel, qtbot)


def test_steps_and_way(panel, qtbot):
    bar = walking(panel, qtbot)
    bar.steps.setFocus()
    bar.steps.selectAll()
    qtbot.keyClicks(bar.steps, "5")
    qtbot.keyClick(bar.steps, Qt.Key.Key_Return)
    settle(panel, qtbot)
    assert len(bar.strip.arrays) == 5
    qtbot.keyClick(bar.how, Qt.Key.Key_Up)
    settle(panel, qtbot)
    assert panel.session.state.path.how == "linear"
    codes = panel.session.space.pack_many(list(panel.session.state.path.codes))
    assert bar.codes[2] == pytest.approx(codes.mean(0), abs=1e-5)


def test_start_and_end_from_favourites_current_and_new(panel, qtbot):
    for seed in (1, 2, 3):
        panel.session.set_seed(seed)
        panel.add_favourite()
        settle(panel, qtbot)
    space, bar = panel.session.space, panel.walk
    choose(bar.start, "Favourite 1")
    choose(bar.end, "Favourite 2")
    settle(panel, qtbot)
    assert panel.session.state.path.codes == (space.sample(1), space.sample(2))
    choose(bar.end, "Current picture")
    assert panel.session.state.path.codes == (space.sample(1), space.sample(3))
    click(qtbot, bar.swap)
    assert panel.session.state.path.codes == (space.sample(3), space.sample(1))
    choose(bar.start, "A new one")
    assert panel.session.state.path.codes[0] not in (space.sample(3), space.sample(1))
    choose(bar.through, "Favourite 2")
    settle(panel, qtbot)
    assert panel.session.state.path.codes[1] == space.sample(2)
    assert len(bar.strip.arrays) == 21
    bar.pick(10)
    assert panel.session.code is panel.session.state.path.codes[1]
    choose(bar.through, "Favourite 2")
    assert len(panel.session.state.path.codes) == 2
    choose(bar.through, "All favourites, in their order")
    settle(panel, qtbot)
    assert panel.session.state.path.codes == tuple(space.sample(s) for s in (1, 2, 3))
    panel.session.undo()
    assert len(panel.session.state.path.codes) == 2
    settle(panel, qtbot)


def test_the_strip_follows_a_path_made_elsewhere(panel, qtbot):
    space, model = panel.session.space, panel.session.model
    panel.session.set_path(Path(model.path, (space.sample(1), space.sample(2)), "linear", 4))
    settle(panel, qtbot)
    assert len(panel.walk.strip.arrays) == 4
    assert panel.walk.how.currentText() == "linear"
    assert panel.walk.steps.value() == 4
    use(panel, qtbot, "tiny-wide")
    assert panel.walk.strip.arrays == []
    assert "another model" in panel.walk.strip.hint
    assert not panel.walk.play.isEnabled()


def test_play_shows_frames_and_pause_makes_the_frame_current(panel, qtbot):
    bar = walking(panel, qtbot)
    bar.fps.setFocus()
    bar.fps.selectAll()
    qtbot.keyClicks(bar.fps, "30")
    shown = []
    bar.player.frame_changed.connect(shown.append)
    code = panel.session.code
    click(qtbot, bar.play, QPoint(8, bar.play.height() // 2))
    qtbot.waitUntil(lambda: len(shown) > 4)
    assert panel.session.code is code
    assert np.array_equal(panel.picture.array, bar.images[shown[-1]])
    click(qtbot, bar.play, QPoint(8, bar.play.height() // 2))
    assert not bar.player.playing
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, bar.images[shown[-1]])
    assert np.array_equal(panel.session.space.pack(panel.session.code), bar.codes[shown[-1]])


def test_a_moved_slider_ends_playing(panel, qtbot):
    bar = walking(panel, qtbot)
    bar.toggle_playing()
    panel.session.set_seed(12)
    assert not bar.player.playing
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot, panel.session.space.sample(12)))


def test_repeat_is_chosen_in_the_menu_of_play(panel, qtbot):
    bar = panel.walk
    choose(bar.play, "Once")
    assert bar.player.repeat is Repeat.ONCE
    assert [a.text() for a in bar.play.menu().actions() if a.isChecked()] == ["Once"]


# Saving


def test_a_saved_picture_brings_back_model_and_code(panel, qtbot, tmp_path):
    panel.session.set_seed(41)
    panel.session.set_truncation(0.8)
    settle(panel, qtbot)
    code, model = panel.session.code, panel.session.model
    choose(panel.save, "Picture (PNG)…")
    choose_file(panel, qtbot, tmp_path / "kept.png")
    settle(panel, qtbot)
    assert "Saved kept.png" in panel.told
    assert read_origin(tmp_path / "kept.png").code.to_text() == code.to_text()
    use(panel, qtbot, "tiny-wide")
    assert drop(panel.picture, holding_files(tmp_path / "kept.png"))
    settle(panel, qtbot)
    assert panel.session.model.path == model.path
    assert panel.session.code.to_text() == code.to_text()


def test_a_picture_of_an_unknown_model_says_which(panel, qtbot, tmp_path):
    settle(panel, qtbot)
    panel.saver.save(
        tmp_path / "kept.png",
        panel.picture.array[None],
        origin=replace(panel.origin(), name="gone", checksum="x"),
    )
    settle(panel, qtbot)
    drop(panel.picture, holding_files(tmp_path / "kept.png"))
    assert "gone" in panel.problems[-1]


@pytest.mark.parametrize(("entry", "name"), [
    ("Strip (PNG)…", "walk.png"), ("Animation (GIF)…", "walk.gif"), ("Animation (MP4)…", "walk.mp4"),
])  # fmt: skip
def test_the_walk_is_saved_as_strip_and_animation(panel, qtbot, tmp_path, entry, name):
    import av

    walking(panel, qtbot)
    choose(panel.walk.play, "Loop")
    choose(panel.save, entry)
    choose_file(panel, qtbot, tmp_path / name)
    settle(panel, qtbot)
    if name.endswith("png"):
        assert read_origin(tmp_path / name).path.codes == panel.session.state.path.codes
        with Pillow.open(tmp_path / name) as picture:
            assert picture.size == (11 * 256 + 10 * 2, 256)
    elif name.endswith("gif"):
        with Pillow.open(tmp_path / name) as picture:
            assert picture.n_frames == 11
    else:
        with av.open(str(tmp_path / name)) as container:
            assert len(list(container.decode(video=0))) == 11


def test_samples_are_saved_as_they_stand(panel, qtbot, tmp_path):
    panel.save.menu().aboutToShow.emit()
    entry = next(a for a in panel.save.menu().actions() if a.text().startswith("Samples"))
    assert not entry.isEnabled()
    click(qtbot, panel.views.button(2))
    settle(panel, qtbot)
    choose(panel.save, "Enlarge small pictures")
    choose(panel.save, "Samples (PNG)…")
    choose_file(panel, qtbot, tmp_path / "samples.png")
    settle(panel, qtbot)
    with Pillow.open(tmp_path / "samples.png") as picture:
        assert picture.size == (6 * 16 + 5 * 2, 6 * 16 + 5 * 2)


def test_what_cannot_be_saved_is_said(panel, qtbot, tmp_path):
    (tmp_path / "taken.png").mkdir()
    panel.saver.save(tmp_path / "taken.png", panel.picture.array[None])
    settle(panel, qtbot)
    assert "can't be written" in panel.problems[-1]


def test_copy_puts_the_picture_on_the_clipboard(panel, qtbot):
    choose(panel.save, "Copy picture")
    copied = QGuiApplication.clipboard().image()
    assert (copied.width(), copied.height()) == (256, 256)
