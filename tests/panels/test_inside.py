"""Inside over a model that can do everything, by real clicks, strokes and drops."""

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from backends.api import WHY_NOT, Capability
from explorer.latent.variants import variants
from explorer.panels.inside import InsidePanel
from explorer.panels.inside_source import fitted
from tests.hands import LEFT, choose_file, drop, holding_files, picture_of, settle
from tests.made_up import made_up_model


@pytest.fixture
def panel(rich, qtbot):
    made = InsidePanel(rich)
    qtbot.addWidget(made)
    made.resize(620, 620)
    made.problems, made.told = [], []
    rich.notices.problem.connect(lambda what, advice: made.problems.append(what))
    rich.notices.told.connect(made.told.append)
    made.show()
    settle(made, qtbot)
    return made


def open_page(panel, qtbot, title):
    qtbot.mouseClick(panel.buttons[title], LEFT)
    settle(panel, qtbot)
    return panel.page


# Views


def test_the_first_view_is_shown_with_captions_and_its_sentence(panel, qtbot):
    sheet = panel.page.sheet
    assert panel.buttons["Film"].isChecked()
    assert len(sheet.images) == 4
    assert sheet.captions == ["step 1", "step 2", "step 3", "step 4"]
    assert panel.page.said.text() == "4 of 4 steps."
    assert np.array_equal(sheet.images[-1], picture_of(panel, qtbot))
    assert "sliders" in panel.help.text()
    assert not panel.source.isVisible()  # it is made from the code
    assert list(panel.views.knobs.rows) == ["frames"]  # the glow is the model's own
    panel.session.set_knob(panel.session.model.knobs[1], 1.8)
    panel.session.end_gesture()
    settle(panel, qtbot)
    assert np.array_equal(sheet.images[-1], picture_of(panel, qtbot))
    assert sheet.images[-1].max() > 200


def test_a_view_follows_the_code_and_its_knobs_in_preview_and_whole(panel, qtbot):
    asked = []
    show = panel.host.show
    panel.host.show = lambda *args, **given: (asked.append(given["options"]), show(*args, **given))[1]
    slider = panel.views.knobs.rows["frames"].slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    settle(panel, qtbot)
    assert len(panel.page.sheet.images) == 5
    assert [options["quality"] for options in asked] == ["preview", "full"]
    panel.session.set_seed(12)
    settle(panel, qtbot)
    del panel.host.show
    assert asked[-1]["quality"] == "full"
    assert asked[-1]["frames"] == 5
    assert np.array_equal(panel.page.sheet.images[-1], picture_of(panel, qtbot))


def test_pictures_appear_while_the_view_is_made_and_cancel_ends_it(panel, qtbot, tmp_path):
    info = made_up_model(tmp_path, "slow", 200)
    panel.session.add_model(info)
    panel.session.select_model(info.path)
    panel.views.knobs.rows["frames"].number.setValue(8)
    qtbot.waitUntil(lambda: panel.views.waiting.isVisible())
    qtbot.mouseClick(panel.views.waiting.button, LEFT)
    assert not panel.host.busy
    assert not panel.busy()


def test_a_view_of_an_image_looks_at_the_current_picture_or_at_an_own_one(panel, qtbot, tmp_path):
    page = open_page(panel, qtbot, "Drown")
    assert panel.source.isVisible()
    assert np.array_equal(page.sheet.images[0], picture_of(panel, qtbot))
    Pillow.new("RGB", (40, 20), (255, 255, 255)).save(tmp_path / "white.png")
    assert drop(panel, holding_files(tmp_path / "white.png"))
    settle(panel, qtbot)
    assert panel.source.mine.isChecked()
    assert (page.sheet.images[0] == 255).all()
    before = page.sheet.images[0]
    panel.session.set_seed(77)
    settle(panel, qtbot)
    assert np.array_equal(page.sheet.images[0], before)
    qtbot.mouseClick(panel.source.current, LEFT)
    settle(panel, qtbot)
    assert np.array_equal(page.sheet.images[0], picture_of(panel, qtbot))
    qtbot.mouseClick(panel.source.mine, LEFT)
    settle(panel, qtbot)
    assert (page.sheet.images[0] == 255).all()


def test_opening_an_image_and_one_that_is_none(panel, qtbot, tmp_path):
    open_page(panel, qtbot, "Drown")
    Pillow.new("L", (30, 30), 200).save(tmp_path / "grey.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for name in ("broken.png", "grey.png"):
        qtbot.mouseClick(panel.source.mine, LEFT)  # there is none yet: it asks for one
        choose_file(panel, qtbot, tmp_path / name)
    settle(panel, qtbot)
    assert "broken.png" in panel.problems[0]
    assert (panel.page.sheet.images[0] == 200).all()


def test_a_view_that_needs_nothing_stays_when_the_code_changes(panel, qtbot):
    page = open_page(panel, qtbot, "Filters")
    assert len(page.sheet.images) == 12
    panel.session.set_seed(3)
    assert not panel.busy()
    assert not panel.host.busy


def test_knobs_are_remembered_for_each_view_and_for_the_next_start(panel, qtbot, rich):
    panel.views.knobs.rows["frames"].number.setValue(7)
    open_page(panel, qtbot, "Drown")
    page = open_page(panel, qtbot, "Film")
    assert len(page.sheet.images) == 7
    open_page(panel, qtbot, "Filters")
    other = InsidePanel(rich)
    qtbot.addWidget(other)
    other.restore_settings(panel.settings_to_save())
    assert other.buttons["Filters"].isChecked()
    other.choose("Film")
    assert other.views.knobs.values() == {"frames": 7}
    other.restore_settings({"page": 3, "knobs": {"Film": 4}})


# Completion


def test_half_a_picture_is_completed_in_four_ways(panel, qtbot):
    page = open_page(panel, qtbot, "Completion")
    image, model = picture_of(panel, qtbot), panel.session.model
    assert not page.holes.known[8:].any()  # the lower half, until something else is erased
    assert page.sheet.captions == ["seed 0", "seed 1", "seed 2", "seed 3"]
    codes = variants(model.space, panel.session.code, range(4))
    for shown, code in zip(page.sheet.images, codes, strict=True):
        assert np.array_equal(shown[:8], image[:8])
        assert np.array_equal(shown[8:], picture_of(panel, qtbot, model.space.unpack(code))[8:])


def test_the_mask_is_drawn_and_every_stroke_completes(panel, qtbot):
    page = open_page(panel, qtbot, "Completion")
    page.holes.clear()
    settle(panel, qtbot)
    assert page.sheet.images == []
    assert "Erase something" in page.sheet.hint
    where = [page.holes.position_of(x, 4).toPoint() for x in (3, 12)]
    qtbot.mousePress(page.holes, LEFT, pos=where[0])
    qtbot.mouseMove(page.holes, where[1])
    qtbot.mouseRelease(page.holes, LEFT, pos=where[1])
    settle(panel, qtbot)
    assert len(page.sheet.images) == 4
    image = picture_of(panel, qtbot)
    known = page.holes.known
    assert all(np.array_equal(shown[known], image[known]) for shown in page.sheet.images)


def test_more_of_them_other_seeds_and_going_on_with_one(panel, qtbot):
    page = open_page(panel, qtbot, "Completion")
    page.knobs.rows["count"].number.setValue(6)
    settle(panel, qtbot)
    assert len(page.sheet.images) == 6
    qtbot.mouseClick(page.fresh, LEFT)
    settle(panel, qtbot)
    assert page.sheet.captions[0] == f"seed {page.seed.value()}" != "seed 0"
    assert not page.going_on.isEnabled()
    qtbot.mouseClick(page.sheet.page, LEFT, pos=page.sheet.cell(2).center())
    chosen = page.sheet.images[2]
    qtbot.mouseClick(page.going_on, LEFT)
    settle(panel, qtbot)
    assert np.array_equal(page.holes.image, chosen)
    assert panel.source.mine.isChecked()


# Likelihood


def test_likelihood_in_nats_and_bits_with_a_heat_map(panel, qtbot):
    page = open_page(panel, qtbot, "Likelihood")
    image = picture_of(panel, qtbot).astype(np.float32)[..., 0] / 255
    nats = float((-np.abs(image - 0.25) - 0.1).sum())
    assert page.judged.nats == pytest.approx(nats, abs=1e-2)
    assert f"{-nats / (256 * np.log(2)):.3f} bits" in page.said.text()
    assert page.sheet.captions == ["picture", "surprise"]
    assert page.sheet.images[1].shape == (16, 16, 3)


def test_a_held_picture_is_compared_on_one_scale(panel, qtbot):
    page = open_page(panel, qtbot, "Likelihood")
    qtbot.mouseClick(page.hold, LEFT)
    assert not page.hold.isEnabled()
    panel.source.take(np.full((16, 16, 1), 64, np.uint8))  # what this model expects
    settle(panel, qtbot)
    assert page.sheet.captions == ["picture", "surprise", "held", "surprise"]
    assert "this one likelier" in page.said.text()
    qtbot.mouseClick(page.release, LEFT)
    assert len(page.sheet.images) == 2


# The panel


def test_what_a_model_lacks_is_disabled_and_says_why(panel, qtbot, tiny_models):
    panel.session.select_model(str(tiny_models["tiny"]))
    for title, capability in (("Completion", Capability.COMPLETES), ("Likelihood", Capability.LIKELIHOOD)):
        assert not panel.buttons[title].isEnabled()
        assert panel.buttons[title].toolTip() == WHY_NOT[capability]
    assert "made-up" in panel.empty.text()  # one that has something to show
    assert panel.page is None
    assert all(not button.isEnabled() for button in (panel.copying, panel.saving))
    panel.demonstrate()
    assert panel.session.model.name == "made-up"
    settle(panel, qtbot)


def test_without_a_model_it_says_what_to_do(qtbot, services):
    services.session.models = {}
    made = InsidePanel(services)
    qtbot.addWidget(made)
    assert "Choose a model" in made.empty.text()


def test_copy_and_save(panel, qtbot, tmp_path):
    panel.copy()
    assert QGuiApplication.clipboard().image().width() > 200
    qtbot.mouseClick(panel.saving, LEFT)
    choose_file(panel, qtbot, tmp_path / "film.png")
    settle(panel, qtbot)
    with Pillow.open(tmp_path / "film.png") as saved:
        assert np.array_equal(np.asarray(saved), panel.page.sheet.picture())


def test_commands_say_when_they_cannot(panel, qtbot):
    commands = {command.id: command for command in panel.commands()}
    assert commands["inside.seeds"].enabled() == "Open Completion in the Inside panel first."
    commands["inside.next"].run()
    assert panel.buttons["Drown"].isChecked()
    panel.choose("Completion")
    settle(panel, qtbot)
    assert commands["inside.seeds"].enabled() is True
    assert commands["inside.copy"].enabled() is True


def test_a_hidden_panel_asks_for_nothing(panel, qtbot):
    panel.hide()
    panel.session.set_seed(41)
    assert not panel.host.busy
    panel.show()
    settle(panel, qtbot)
    assert np.array_equal(panel.page.sheet.images[-1], picture_of(panel, qtbot))


def test_an_own_image_is_cut_and_shrunk_as_the_model_reads_it():
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    assert (fitted(wide, (10, 10, 1)) == 200).all()
    assert fitted(wide, (10, 10, 3)).shape == (10, 10, 3)
    assert fitted(np.zeros((4, 4, 1), np.uint8), (16, 16, 1)).shape == (16, 16, 1)
