"""The Explore panel over a real model host, by real clicks, keys and drops."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton

from backends.api import Capability
from backends.native import describe, read_info, save
from explorer.latent.manifold import spot
from explorer.latent.paths import walk
from explorer.model.export import read_origin
from explorer.model.state import Path
from explorer.panels.explore import PIXELS_PER_SEED, ExplorePanel
from explorer.widgets.images import to_qimage
from explorer.widgets.player import Repeat

SLOW_MS = 60_000  # a busy machine's first torch


@pytest.fixture(scope="module")
def flat_model(tmp_path_factory):
    """An untrained VAE of two dimensions."""
    import torch

    from backends.registry import families

    torch.manual_seed(1)
    model = families()["vae"].build({"latent": 2, "width": 4, "image_size": 16})
    path = tmp_path_factory.mktemp("flat") / "flat.safetensors"
    save(path, model, replace(describe(model, name="flat", family="vae"), dataset="nothing"))
    return read_info(path)


@pytest.fixture
def panel(services, qtbot, flat_model):
    services.session.set_models([*services.session.models.values(), flat_model])
    made = ExplorePanel(services)
    qtbot.addWidget(made)
    made.resize(760, 660)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    services.notices.told.connect(made.told.append)
    made.show()
    settle(made, qtbot)
    return made


def settle(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.busy() and not panel.host.busy, timeout=SLOW_MS)


def click(qtbot, widget, at=None):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())


def choose(button, text):
    """Choose an entry of a button's menu, as opening it and clicking does."""
    menu = button.menu()
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if a.text() == text)
    assert action.isEnabled(), action.toolTip()
    action.trigger()


def model_named(panel, name):
    return next(m for m in panel.session.models.values() if m.name == name)


def use(panel, qtbot, name):
    panel.session.select_model(model_named(panel, name).path)
    settle(panel, qtbot)


def drop(widget, mime):
    at = QPointF(widget.rect().center())
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(at, Qt.DropAction.CopyAction, mime, buttons, keys))
    return enter.isAccepted()


def files(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def reference(panel, qtbot, code):
    """The picture of a code, asked for beside the panel."""
    got, model = [], panel.session.model
    options = {"truncation": code.truncation}
    panel.host.ask("generate", model.path, arrays={"codes": model.space.pack(code)[None]}, options=options,
                   on_result=lambda r: got.append(r.arrays["images"][0]))  # fmt: skip
    qtbot.waitUntil(lambda: bool(got), timeout=SLOW_MS)
    return got[0]


def accept_dialog(panel, qtbot, file):
    qtbot.waitUntil(lambda: panel.findChild(QFileDialog) is not None)
    dialog = panel.findChild(QFileDialog)
    dialog.selectFile(str(file))
    dialog.accept()
    qtbot.waitUntil(lambda: panel.findChild(QFileDialog) is None)


# The picture


def test_the_picture_is_that_of_the_current_code(panel, qtbot):
    panel.session.set_seed(5)
    panel.session.set_truncation(0.5)
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, reference(panel, qtbot, panel.session.code))
    assert "16 × 16" in panel.timing.text()
    assert "ms" in panel.timing.text()


def test_the_last_value_of_a_fast_burst_arrives(panel, qtbot):
    for step in range(300):
        panel.session.set_value("z", 0, -3 + step / 50)
        if step % 40 == 0:
            QApplication.processEvents()
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, reference(panel, qtbot, panel.session.code))


def test_a_hidden_panel_catches_up_when_it_is_shown(panel, qtbot):
    panel.hide()
    panel.session.set_seed(31)
    assert not panel.host.busy
    panel.show()
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, reference(panel, qtbot, panel.session.code))


def test_dragging_moves_the_two_numbers_as_one_undo_step(panel, qtbot):
    panel.session.set_seed(203)
    before, steps = panel.session.code, len(panel.session._done)
    start = QPoint(100, 100)
    qtbot.mousePress(panel.picture, Qt.MouseButton.LeftButton, pos=start)
    for x in range(10, 110, 10):
        qtbot.mouseMove(panel.picture, start + QPoint(x, x // 2))
    qtbot.mouseRelease(panel.picture, Qt.MouseButton.LeftButton, pos=start + QPoint(100, 50))
    x, y = panel.session.state.lattice
    assert (x, y) == pytest.approx((3 + 100 / PIXELS_PER_SEED, 2 + 50 / PIXELS_PER_SEED))
    assert (panel.place_x.value(), panel.place_y.value()) == pytest.approx((x, y), abs=0.006)
    assert len(panel.session._done) == steps + 1
    panel.session.undo()
    assert panel.session.code is before
    settle(panel, qtbot)


def test_the_two_numbers_can_be_typed_and_snapped(panel, qtbot):
    for box, text in ((panel.place_x, "4.3"), (panel.place_y, "1.8")):
        box.setFocus()
        box.selectAll()
        qtbot.keyClicks(box, text)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert panel.session.state.lattice == pytest.approx((4.3, 1.8))
    assert panel.session.code == panel.session.space.lattice(4.3, 1.8)
    click(qtbot, panel.snap_button)
    assert panel.session.state.seed == 204
    assert panel.session.code == panel.session.space.sample(204)
    settle(panel, qtbot)


def test_smooth_and_sharp(panel, qtbot):
    click(qtbot, panel.smooth)
    assert panel.picture.smooth
    click(qtbot, panel.smooth)
    assert not panel.picture.smooth


def test_favourite_keeps_the_code_and_its_own_thumbnail(panel, qtbot):
    panel.session.set_seed(8)
    click(qtbot, panel.favourite)
    panel.session.set_seed(9)  # the hand goes on before the thumbnail is there
    settle(panel, qtbot)
    (kept,) = panel.session.state.favourites
    assert kept.code == panel.session.space.sample(8)
    assert np.array_equal(kept.thumbnail[..., :1], reference(panel, qtbot, kept.code))


# Beside the picture


def test_manifold_click_drag_and_keys_move_the_code(panel, qtbot):
    use(panel, qtbot, "flat")
    click(qtbot, panel.views.button(1))
    settle(panel, qtbot)
    view = panel.manifold.view
    assert view.array.shape == (320, 320, 1)
    at = view.position_of((0.2, 0.9)).toPoint()
    steps = len(panel.session._done)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    assert spot(panel.session.space, panel.session.code) == pytest.approx((0.2, 0.9), abs=0.01)
    qtbot.mouseMove(view, at + QPoint(30, 0))
    qtbot.mouseMove(view, at + QPoint(60, 0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at + QPoint(60, 0))
    u, _ = spot(panel.session.space, panel.session.code)
    assert u > 0.25
    assert view.spot == pytest.approx(spot(panel.session.space, panel.session.code))
    assert len(panel.session._done) == steps + 1
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.spot[0] == pytest.approx(u - 0.02, abs=1e-4)
    settle(panel, qtbot)


def test_manifold_is_only_for_two_dimensions_and_comes_back(panel, qtbot):
    button = panel.views.button(1)
    assert not button.isEnabled()
    assert "two dimensions" in button.toolTip()
    use(panel, qtbot, "flat")
    click(qtbot, button)
    assert panel.manifold.isVisible()
    use(panel, qtbot, "tiny")
    assert not panel.beside.isVisible()
    use(panel, qtbot, "flat")
    assert panel.manifold.isVisible()


def test_a_sample_becomes_current_by_click_and_arrow(panel, qtbot):
    panel.session.toggle_lock("z", 1)
    click(qtbot, panel.views.button(2))
    settle(panel, qtbot)
    grid = panel.samples.grid
    assert len(grid.arrays) == 36
    click(qtbot, grid, grid.cell(7).center())
    settle(panel, qtbot)
    assert panel.session.state.seed == 7
    assert grid.selected == 7
    assert np.array_equal(panel.picture.array, grid.arrays[7])
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    settle(panel, qtbot)
    assert panel.session.state.seed == 8
    panel.session.set_seed(100)
    assert grid.selected == -1
    settle(panel, qtbot)


def test_new_samples_and_their_number(panel, qtbot):
    click(qtbot, panel.views.button(2))
    settle(panel, qtbot)
    before = panel.samples.grid.arrays[0].copy()
    click(qtbot, panel.samples.fresh)
    settle(panel, qtbot)
    assert not np.array_equal(panel.samples.grid.arrays[0], before)
    qtbot.keyClick(panel.samples.side, Qt.Key.Key_Down)
    settle(panel, qtbot)
    assert len(panel.samples.grid.arrays) == 25


def test_a_dropped_image_is_encoded_with_its_error_beside(panel, qtbot, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Pillow.fromarray(image).save(tmp_path / "image.png")
    assert drop(panel.picture, files(tmp_path / "image.png"))
    settle(panel, qtbot)
    assert np.array_equal(panel.original.view.array, image)
    assert panel.original.isVisible()
    assert panel.session.undo_label == "Encode image"
    assert f"{panel.original.error:.4f}" in panel.original.caption.text()
    assert 0 < panel.original.error < 1
    panel.session.set_seed(1)
    assert "changed" in panel.original.caption.text()
    click(qtbot, panel.original.again)
    settle(panel, qtbot)
    assert "reconstruction beside" in panel.original.caption.text()


def test_pixels_dropped_without_a_file_are_encoded_too(panel, qtbot):
    mime = QMimeData()
    mime.setImageData(to_qimage(np.full((16, 16, 3), 90, np.uint8)))
    assert drop(panel.picture, mime)
    settle(panel, qtbot)
    assert (panel.original.view.array == 90).all()


def test_an_image_dropped_elsewhere_is_taken_only_while_seen(panel, qtbot):
    panel.hide()
    panel.session.image_dropped.emit(np.zeros((16, 16, 1), np.uint8))
    assert not panel.waiting.busy
    panel.show()
    panel.session.image_dropped.emit(np.zeros((16, 16, 1), np.uint8))
    settle(panel, qtbot)
    assert panel.original.image is not None


def test_a_model_without_encoder_says_so(panel, qtbot):
    use(panel, qtbot, "tiny-wide")
    assert not panel.views.button(3).isEnabled()
    assert "encoder" in panel.views.button(3).toolTip()
    panel.session.image_dropped.emit(np.zeros((16, 16, 1), np.uint8))
    assert "encoder" in panel.problems[-1]


def test_a_broken_image_is_said_and_other_files_go_to_the_window(panel, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    assert drop(panel.picture, files(tmp_path / "broken.png"))
    assert "broken.png" in panel.problems[-1]
    assert not drop(panel.picture, files(tmp_path / "model.safetensors"))


def test_encoding_a_chosen_file(panel, qtbot, tmp_path):
    Pillow.new("L", (16, 16), 200).save(tmp_path / "grey.png")
    panel.encode_file()
    accept_dialog(panel, qtbot, tmp_path / "grey.png")
    settle(panel, qtbot)
    assert (panel.original.image == 200).all()


# The walk


def walking(panel, qtbot):
    click(qtbot, panel.walk.two)
    settle(panel, qtbot)
    return panel.walk


def test_two_new_makes_eleven_steps(panel, qtbot):
    strip = walking(panel, qtbot)
    path = panel.session.state.path
    assert len(strip.strip.arrays) == 11
    assert len(path.codes) == 2
    expected = walk(panel.session.space, *path.codes, 11, "spherical")
    assert np.array_equal(strip.codes, expected)
    assert np.array_equal(strip.images[0], reference(panel, qtbot, path.codes[0]))


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
    assert np.array_equal(panel.picture.array, reference(panel, qtbot, panel.session.space.sample(12)))


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
    accept_dialog(panel, qtbot, tmp_path / "kept.png")
    settle(panel, qtbot)
    assert "Saved kept.png" in panel.told
    assert read_origin(tmp_path / "kept.png").code.to_text() == code.to_text()
    use(panel, qtbot, "tiny-wide")
    assert drop(panel.picture, files(tmp_path / "kept.png"))
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
    drop(panel.picture, files(tmp_path / "kept.png"))
    assert "gone" in panel.problems[-1]


@pytest.mark.parametrize(("entry", "name"), [
    ("Strip (PNG)…", "walk.png"), ("Animation (GIF)…", "walk.gif"), ("Animation (MP4)…", "walk.mp4"),
])  # fmt: skip
def test_the_walk_is_saved_as_strip_and_animation(panel, qtbot, tmp_path, entry, name):
    import av

    walking(panel, qtbot)
    choose(panel.walk.play, "Loop")
    choose(panel.save, entry)
    accept_dialog(panel, qtbot, tmp_path / name)
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
    accept_dialog(panel, qtbot, tmp_path / "samples.png")
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


# Around


def test_without_a_model_it_says_what_to_do(services, qtbot):
    services.session.models.clear()
    services.session.set_models([])
    panel = ExplorePanel(services)
    qtbot.addWidget(panel)
    panel.show()
    assert "Open one" in panel.picture.hint
    assert not panel.favourite.isEnabled()
    assert not panel.walk.two.isEnabled()
    panel.walk.two_new()
    panel.add_favourite()
    assert not panel.busy()


def test_every_command_runs_or_says_why_not(panel, qtbot):
    commands = {c.id: c for c in panel.commands()}
    assert len({c.shortcut for c in commands.values() if c.shortcut}) == sum(
        bool(c.shortcut) for c in commands.values()
    )
    assert isinstance(commands["explore.play"].enabled(), str)
    walking(panel, qtbot)
    assert commands["explore.play"].enabled() is True
    for ident in (
        "favourite",
        "snap",
        "new_samples",
        "view_picture",
        "view_samples",
        "smooth",
        "play",
        "copy_image",
    ):
        command = commands[f"explore.{ident}"]
        assert command.enabled() is True
        command.run()
    assert commands["explore.play"].checked()
    commands["explore.play"].run()
    assert commands["explore.view_samples"].checked()
    settle(panel, qtbot)


def test_settings_come_back(panel, services, qtbot):
    panel.set_view("Samples")
    panel.smooth.setChecked(True)
    panel.walk.fps.setValue(21)
    panel.walk.set_repeat(Repeat.LOOP)
    saved = panel.settings_to_save()
    again = ExplorePanel(services)
    qtbot.addWidget(again)
    again.restore_settings({"view": "Nothing", "fps": "fast", "repeat": 3, "rows": None})
    again.restore_settings(saved)
    assert again.settings_to_save() == saved
    settle(panel, qtbot)


def test_demonstrate_brings_something_worth_seeing(panel, qtbot):
    use(panel, qtbot, "flat")
    panel.demonstrate()
    settle(panel, qtbot)
    assert panel.manifold.view.array is not None
    assert len(panel.walk.strip.arrays) == 11


def test_buttons_have_names(panel):
    for button in panel.findChildren(QToolButton):
        assert button.accessibleName() or button.text(), button


def test_the_models_here_are_what_the_tests_think(panel):
    assert model_named(panel, "tiny").can(Capability.ENCODES)
    assert not model_named(panel, "tiny-wide").can(Capability.ENCODES)
