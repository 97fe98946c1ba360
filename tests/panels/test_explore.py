"""The Explore panel over a real model host, by real clicks, keys and drops."""

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QToolButton

from backends.api import Capability
from explorer.latent.manifold import spot
from explorer.panels.explore import PIXELS_PER_SEED, ExplorePanel
from explorer.widgets.player import Repeat
from tests.hands import choose_file, click, drop, holding_files, holding_image, picture_of, settle
from tests.panels.explore_steps import model_named, open_panel, use, walking


@pytest.fixture
def panel(services, qtbot, flat_model):
    return open_panel(qtbot, services, flat_model)


# The picture


def test_the_picture_is_that_of_the_current_code(panel, qtbot):
    panel.session.set_seed(5)
    panel.session.set_truncation(0.5)
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))
    assert "16 × 16" in panel.timing.text()
    assert "ms" in panel.timing.text()


def test_the_last_value_of_a_fast_burst_arrives(panel, qtbot):
    for step in range(300):
        panel.session.set_value("z", 0, -3 + step / 50)
        if step % 40 == 0:
            QApplication.processEvents()
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))


def test_a_hidden_panel_catches_up_when_it_is_shown(panel, qtbot):
    panel.hide()
    panel.session.set_seed(31)
    assert not panel.host.busy
    panel.show()
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))


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
    assert np.array_equal(kept.thumbnail[..., :1], picture_of(panel, qtbot, kept.code))


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
    assert drop(panel.picture, holding_files(tmp_path / "image.png"))
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
    assert drop(panel.picture, holding_image(np.full((16, 16, 3), 90, np.uint8)))
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
    assert drop(panel.picture, holding_files(tmp_path / "broken.png"))
    assert "broken.png" in panel.problems[-1]
    assert not drop(panel.picture, holding_files(tmp_path / "model.safetensors"))


def test_encoding_a_chosen_file(panel, qtbot, tmp_path):
    Pillow.new("L", (16, 16), 200).save(tmp_path / "grey.png")
    panel.encode_file()
    choose_file(panel, qtbot, tmp_path / "grey.png")
    settle(panel, qtbot)
    assert (panel.original.image == 200).all()


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
