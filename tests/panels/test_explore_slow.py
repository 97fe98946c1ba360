"""Explore over a model of many steps: previews while a hand moves, rows as they come, nothing holds on."""

import numpy as np
import pytest

from explorer.model.asking import PREVIEW
from explorer.panels import explore_picture
from explorer.panels.explore import ExplorePanel
from tests.hands import LEFT, picture_of, settle
from tests.made_up import MadeUp, made_up_model


@pytest.fixture
def panel(rich, qtbot):
    made = ExplorePanel(rich)
    qtbot.addWidget(made)
    made.resize(760, 660)
    made.asked, made.seen = [], []
    ask = made.host.show

    def show(channel, verb, model, **given):
        made.asked.append(given["options"])
        return ask(channel, verb, model, **given)

    made.host.show = show
    made.maker.shown.connect(lambda image: made.seen.append(image.copy()))
    made.show()
    settle(made, qtbot)
    made.asked.clear()
    made.seen.clear()
    yield made
    del made.host.show


def slow(panel, qtbot, tmp_path, pause):
    """A model whose whole picture takes eight times `pause` ms."""
    info = made_up_model(tmp_path, f"slow-{pause}", pause)
    panel.session.add_model(info)
    panel.session.select_model(info.path)
    return info


def test_a_hand_gets_previews_and_when_it_lets_go_the_whole(panel, qtbot):
    panel.maker.quality._rest.setInterval(60_000)  # a busy machine's hand would rest meanwhile
    for step in range(12):
        panel.session.set_value("z", 0, step / 4)
        qtbot.wait(2)
    assert {options["quality"] for options in panel.asked} == {"preview"}
    panel.session.end_gesture()
    settle(panel, qtbot)
    assert [options["quality"] for options in panel.asked].count("full") == 1
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))
    assert "16 × 16" in panel.timing.text()


def test_a_hand_that_rests_without_letting_go_gets_the_whole(panel, qtbot):
    panel.session.set_value("z", 0, 1.0)
    settle(panel, qtbot)
    assert panel.session.moving
    assert [options["quality"] for options in panel.asked] == ["preview", "full"]


def test_what_is_no_gesture_is_whole_at_once(panel, qtbot):
    panel.session.set_seed(9)
    settle(panel, qtbot)
    assert [options["quality"] for options in panel.asked] == ["full"]


def test_knobs_reach_the_host_with_the_picture(panel, qtbot):
    knob = panel.session.model.knobs[1]
    panel.session.set_knob(knob, 2.0)
    panel.session.end_gesture()
    settle(panel, qtbot)
    assert panel.picture.array.max() == 255
    assert panel.asked[-1] == {"glow": 2.0, "truncation": 1.0, "quality": "full"}
    panel.session.undo()
    settle(panel, qtbot)
    assert panel.picture.array.max() < 200


def test_a_long_picture_is_seen_as_it_grows(panel, qtbot, tmp_path):
    slow(panel, qtbot, tmp_path, 60)
    settle(panel, qtbot)
    heights = [int((image > 0).any(axis=(1, 2)).sum()) for image in panel.seen]
    assert len(heights) > 3
    assert heights == sorted(heights)
    assert heights[-1] == 16


def test_a_newer_picture_does_not_wait_for_a_long_one(panel, qtbot, tmp_path, monkeypatch):
    stripes, draw = [], MadeUp.generate_steps

    def counted(model, codes, options):
        for image in draw(model, codes, options):
            stripes.append(1)
            yield image

    monkeypatch.setattr(MadeUp, "generate_steps", counted)
    slow(panel, qtbot, tmp_path, 500)  # eight of them, four seconds
    qtbot.waitUntil(lambda: len(panel.seen) > 0)
    panel.session.set_code(panel.session.code.with_options({"steps": 1.0}))
    settle(panel, qtbot)
    assert len(stripes) < 8 + 1
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))


def test_cancel_ends_it_and_the_next_move_draws_again(panel, qtbot, tmp_path):
    slow(panel, qtbot, tmp_path, 250)
    qtbot.waitUntil(panel.maker.waiting.isVisible)
    qtbot.mouseClick(panel.maker.waiting.button, LEFT)
    assert not panel.busy()
    assert not panel.host.busy
    assert "given up" in panel.timing.text()
    panel.session.set_code(panel.session.code.with_options({"steps": 1.0}))
    settle(panel, qtbot)
    assert "ms" in panel.timing.text()


def test_a_hidden_panel_does_not_hold_the_host(panel, qtbot, tmp_path):
    slow(panel, qtbot, tmp_path, 100)
    panel.hide()
    assert not panel.host.busy
    panel.show()
    assert panel.host.busy
    settle(panel, qtbot)
    assert np.array_equal(panel.picture.array, picture_of(panel, qtbot))


def test_a_short_picture_is_painted_once(panel, qtbot, monkeypatch):
    monkeypatch.setattr(explore_picture, "PARTIAL_S", 60.0)  # this machine may be busy
    panel.session.set_seed(31)
    settle(panel, qtbot)
    assert len(panel.seen) == 1


def test_a_walk_comes_in_preview_and_then_whole(panel, qtbot):
    strips = []
    show = panel.walk.strip.show_images
    panel.walk.strip.show_images = lambda images, *rest: (strips.append(list(images)), show(images, *rest))
    panel.session.set_knob(panel.session.model.knobs[1], 1.6)
    panel.session.end_gesture()
    qtbot.mouseClick(panel.walk.two, LEFT)
    settle(panel, qtbot)
    assert any(image is None for image in strips[1])  # the first ones before the others
    path = panel.session.state.path
    assert path.codes[0].options == {"glow": pytest.approx(1.6)}
    assert np.array_equal(panel.walk.images[0], picture_of(panel, qtbot, path.codes[0]))
    panel.walk.pick(3)
    assert panel.session.code.options == path.codes[0].options
    settle(panel, qtbot)


def test_samples_are_previews_one_after_the_other(panel, qtbot):
    grown = []
    panel.samples.show_growing = lambda images: grown.append(sum(i is not None for i in images))
    qtbot.mouseClick(panel.views.button(2), LEFT)
    settle(panel, qtbot)
    assert grown == sorted(grown)
    assert len(set(grown)) > 1
    wanted = picture_of(panel, qtbot, panel.session.space.sample(7), PREVIEW)
    assert np.array_equal(panel.samples.grid.arrays[7], wanted)
