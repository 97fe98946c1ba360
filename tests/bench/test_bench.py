"""The bench: its figures are worked out from what was measured, and every group runs on the real thing."""

import json
import math
import os
import subprocess
import sys

import pytest

from backends.native import read_info
from explorer.bench import groups
from explorer.bench.bare import Beside
from explorer.bench.bodies import BODIES
from explorer.bench.host import pipes
from explorer.bench.measurement import Measurement, Plan, late, measured, middle
from explorer.bench.sliders import Times, judge
from explorer.verbs import bench
from explorer.workers.processes import ROOT
from trainers.registry import trainer
from trainers.timing import PLAIN, SETTINGS


def test_every_group_says_what_it_measures():
    found = groups()
    assert {"sliders", "stalls", "start", "host", "training"} <= set(found)
    for group in found.values():
        assert group.HELP
        assert callable(group.measure)


def test_every_body_has_a_plain_loop_beside_it():
    assert set(BODIES) == set(SETTINGS)
    for family, given in SETTINGS.values():
        assert family in PLAIN
        trainer(family).INFO.settings.from_mapping(given)


def test_ratio_and_verdict_come_from_the_numbers():
    one = measured("x", 3.0, "ms", reference=2.0, goal="at most 4 ms", holds=3.0 <= 4)
    assert one.ratio == 1.5
    assert one.holds is True
    assert measured("x", 3.0, "ms").ratio is None
    assert set(one.to_json()) == {"name", "value", "unit", "reference", "ratio", "goal", "holds", "note"}
    assert measured("x", math.nan, "ms").to_json()["value"] is None
    assert "holds" in bench.line(one)
    assert "× 1.50" in bench.line(one)


def test_medians_and_tails():
    assert middle([1, 9, 2]) == 2
    assert late(list(range(101))) == 95
    assert math.isnan(middle([]))


@pytest.mark.parametrize(("ours", "bare", "holds"), [(4.0, 2.0, True), (6.0, 2.0, False), (11.0, 9.0, False)])
def test_a_slider_is_judged_beside_the_bare_forward_pass(tiny_models, ours, bare, holds):
    times = Times([ours] * 20, [bare] * 20, [50.0] * 5)
    median, tail, peer = judge(read_info(tiny_models["tiny"]), times)
    assert median.value == ours
    assert median.ratio == ours / bare
    assert median.holds is holds
    assert tail.holds is True
    assert peer.ratio == 50.0 / ours
    assert peer.holds is None


def test_no_matplotlib_no_peer(tiny_models):
    assert len(list(judge(read_info(tiny_models["tiny"]), Times([1.0], [1.0])))) == 2


def test_a_bare_forward_pass_is_timed_in_a_process_of_its_own(tiny_models):
    with Beside("backends.timing", str(tiny_models["tiny"])) as bare:
        times = bare.ask(count=5, pause=0.0)
    assert len(times) == 5
    assert all(t > 0 for t in times)


def test_what_the_pipes_cost_is_measured_on_a_real_host(tiny_models):
    one = pipes(read_info(tiny_models["tiny"]), Plan.quick())
    assert one.name == "host.pipes"
    assert one.value > 0
    assert one.reference > 0


def test_a_wrong_group_is_said_in_a_sentence():
    done = subprocess.run([sys.executable, "main.py", "bench", "--only", "nonsense"], cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert "The groups are" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(groups()))
def test_a_group_runs_through(name):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "main.py", "bench", "--quick", "--json", "--only", name]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = [Measurement(**one) for one in json.loads(done.stdout)]
    assert found
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.value is not None
        if one.reference:
            assert one.ratio == pytest.approx(one.value / one.reference)
