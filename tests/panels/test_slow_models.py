"""Mix, Compare and Map over a model of many steps: previews of many, knobs everywhere, cancel."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.model.asking import PREVIEW, options_of, settled_options
from explorer.model.state import Direction, Source
from explorer.panels.compare import ComparePanel
from explorer.panels.directions import DirectionsPanel
from explorer.panels.map import MapPanel
from explorer.panels.mix import MixPanel
from explorer.workers.collect import Collector
from tests.hands import LEFT, settle
from tests.made_up import made_up_model


def opened(kind, services, qtbot):
    panel = kind(services)
    qtbot.addWidget(panel)
    panel.resize(860, 640)
    panel.show()
    settle(panel, qtbot)
    return panel


def pictures(panel, qtbot, codes, options):
    got, model = [], panel.session.model
    panel.host.ask("generate", model.path, arrays={"codes": codes}, options=options,
                   on_result=lambda r: got.append(r.arrays["images"]))  # fmt: skip
    qtbot.waitUntil(lambda: bool(got))
    return got[0]


@pytest.fixture
def bright(rich):
    """Services whose model glows more than it usually does."""
    rich.session.set_knob(rich.session.model.knobs[1], 1.6)
    rich.session.end_gesture()
    return rich


def test_a_mix_is_whole_its_table_a_preview_and_both_know_the_knobs(bright, qtbot):
    panel = opened(MixPanel, bright, qtbot)
    for _ in range(2):
        panel.sources.add_random()
        settle(panel, qtbot)
    code = panel.session.code_at(panel.session.space.pack(panel.code))
    packed = panel.session.space.pack(code)[None]
    assert np.array_equal(panel.result.array, pictures(panel, qtbot, packed, settled_options(code))[0])
    assert panel.code.options == {"glow": pytest.approx(1.6)}
    rows = panel.table.codes.reshape(-1, packed.shape[1])
    shown = [a for grid in panel.table.grids for a in grid.arrays]
    assert np.array_equal(np.stack(shown), pictures(panel, qtbot, rows, settled_options(code, PREVIEW)))
    panel.session.set_knob(panel.session.model.knobs[1], 0.4)
    panel.session.end_gesture()
    settle(panel, qtbot)
    assert panel.code.options == {"glow": pytest.approx(0.4)}
    assert panel.result.array.max() < 100


def table_of_three(rich, qtbot, tmp_path):
    """The table of three sources, its quick model, and one that takes long beside any hiccup."""
    panel = opened(MixPanel, rich, qtbot)
    quick = panel.session.model
    for _ in range(3):
        panel.sources.add_random()
    settle(panel, qtbot)
    return panel, quick, made_up_model(tmp_path, "slow", 2000)


def test_a_table_grows_and_can_be_given_up(rich, qtbot, tmp_path):
    panel, _, slow = table_of_three(rich, qtbot, tmp_path)
    table, bar = panel.table, panel.table.previews.bar
    table.draw(slow, table.codes, ["one"] * len(table.codes))
    qtbot.waitUntil(bar.isVisible)
    qtbot.mouseClick(bar.button, LEFT)
    assert not bar.isVisible()
    assert not table.waiting
    assert not panel.host.busy


def test_the_bar_of_a_slow_table_stays_when_the_quick_one_before_it_arrives(rich, qtbot, tmp_path):
    panel, quick, slow = table_of_three(rich, qtbot, tmp_path)
    table, bar = panel.table, panel.table.previews.bar
    titles = ["one"] * len(table.codes)
    table.draw(quick, table.codes, titles)
    table.draw(slow, table.codes, titles)  # waits in the same channel
    qtbot.waitUntil(bar.isVisible)
    table.clear()  # such as when a source goes
    assert not bar.isVisible()
    assert not panel.host.busy


def test_a_table_comes_though_the_one_before_it_could_not_be_made(rich, qtbot, tmp_path):
    panel, quick, _ = table_of_three(rich, qtbot, tmp_path)
    table, titles = panel.table, ["one"] * len(panel.table.codes)
    wanted = table.codes + 0.25
    table.draw(replace(quick, path=str(tmp_path / "nowhere.safetensors")), table.codes, titles)
    table.draw(quick, wanted, titles)  # waits in the same channel
    settle(panel, qtbot)
    assert np.array_equal(table.codes, wanted)
    assert all(image is not None for grid in table.grids[: len(wanted)] for image in grid.arrays)


def test_a_mix_under_way_is_given_up_when_its_sources_go(rich, qtbot, tmp_path):
    panel, _, slow = table_of_three(rich, qtbot, tmp_path)
    panel.session.add_model(slow)
    panel.session.select_model(slow.path)
    codes = [slow.space.sample(seed) for seed in (1, 2)]
    blank = np.zeros((16, 16, 1), np.uint8)
    panel.session.set_sources([Source(slow.path, code, blank, "") for code in codes])
    qtbot.waitUntil(panel.first.making.isVisible)
    panel.session.set_sources([])
    assert not panel.first.making.busy
    assert not panel.first.waiting
    assert panel.result.array is None


def test_strips_of_directions_tell_how_far_they_are_and_can_be_given_up(rich, qtbot, tmp_path):
    panel = opened(DirectionsPanel, rich, qtbot)
    slow = made_up_model(tmp_path, "slow", 2000)
    panel.session.add_direction(Direction(slow.path, "z", np.ones(3, np.float32), "along", "by hand"))
    panel.session.add_model(slow)
    panel.session.select_model(slow.path)
    qtbot.waitUntil(panel.previews.bar.isVisible)
    qtbot.mouseClick(panel.previews.bar.button, LEFT)
    assert not panel.busy()
    assert not panel.previews.bar.isVisible()


def test_compared_models_follow_a_hand_in_preview_and_samples_only_when_they_change(bright, qtbot):
    panel = opened(ComparePanel, bright, qtbot)
    panel.add_current()
    settle(panel, qtbot)
    asked = []
    show = panel.host.show
    panel.host.show = lambda *args, **given: (asked.append(given["options"]), show(*args, **given))[1]
    panel.session.set_value("z", 0, 1.5)
    panel.session.end_gesture()
    settle(panel, qtbot)
    assert [options["quality"] for options in asked] == ["preview", "full"]
    assert all(options["glow"] == pytest.approx(1.6) for options in asked)
    code = panel.session.code
    packed = panel.session.space.pack(code)[None]
    assert np.array_equal(panel.columns[0].pictures.images[0],
                          pictures(panel, qtbot, packed, options_of(code))[0])  # fmt: skip
    panel.set_mode("samples")
    settle(panel, qtbot)
    assert asked[-1]["quality"] == "preview"
    asked.clear()
    panel.session.set_value("z", 0, -1.5)
    panel.session.end_gesture()
    settle(panel, qtbot)
    del panel.host.show
    assert asked == []  # the seeds are the same


def test_a_map_is_made_of_previews_with_the_knobs(bright, qtbot):
    panel = opened(MapPanel, bright, qtbot)
    wanted = panel.bar.wanted(panel.session.model)
    assert dict(wanted.knobs) == {"glow": pytest.approx(1.6)}
    asked = []
    collector = Collector(bright.host, bright.jobs)
    ask = bright.host.ask
    bright.host.ask = lambda *args, **given: (asked.append(given["options"]), ask(*args, **given))[1]
    collector.start(panel.session.model, wanted, ())
    del bright.host.ask
    assert asked[0]["quality"] == "preview"
    assert asked[0]["glow"] == pytest.approx(1.6)
    collector.cancel()
    settle(panel, qtbot)
