"""Jobs in a real process: told things while they run, paused for others, given up."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest

from backends.wire import read_message, write_message
from explorer.latent.maps.methods import METHODS
from explorer.workers.job_host import serve
from explorer.workers.jobs import JobClient
from explorer.workers.launch import launch_jobs

MAKE, CLUSTER = "explorer.latent.maps.making:make", "explorer.latent.maps.clusters:cluster"
ENDLESS = {"method": "umap", "epochs": 5000, "cache": False}


@pytest.fixture
def jobs(qtbot):
    made = JobClient(launch_jobs)
    yield made
    made.close()


def points(count: int = 4000) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 6)).astype(np.float32)


class Heard:
    """What came of a job."""

    def __init__(self, jobs: JobClient, function: str, options: dict, count: int = 4000) -> None:
        self.frames, self.results, self.errors = [], [], []
        self.job = jobs.run(
            function, {"points": points(count)}, options, on_result=self.results.append,
            on_error=self.errors.append, on_partial=self.frames.append,
        )  # fmt: skip


def test_a_layout_is_paused_for_another_job_then_told_to_go_on_and_to_finish(jobs, qtbot):
    layout = Heard(jobs, MAKE, ENDLESS)
    qtbot.waitUntil(lambda: len(layout.frames) > 2)
    layout.job.tell(pause=True)
    other = Heard(jobs, CLUSTER, {"method": "kmeans", "count": 3}, 200)
    qtbot.waitUntil(lambda: bool(other.results))
    before = len(layout.frames)
    qtbot.wait(200)
    assert len(layout.frames) == before
    assert jobs.busy
    layout.job.tell(pause=False, min_dist=0.5)
    qtbot.waitUntil(lambda: len(layout.frames) > before + 2)
    layout.job.tell(finish=True)
    qtbot.waitUntil(lambda: bool(layout.results))
    told = layout.results[0].data["provenance"]
    assert told["min_dist"] == 0.5
    assert told["restarts"] == 1
    assert not jobs.busy


def test_a_paused_job_is_given_up_and_one_that_waits_hears_before_it_begins(jobs, qtbot):
    first = Heard(jobs, MAKE, ENDLESS)
    waiting = Heard(jobs, MAKE, {**ENDLESS, "seed": 1})
    waiting.job.tell(pause=True)
    qtbot.waitUntil(lambda: len(first.frames) > 1)
    first.job.tell(pause=True)
    third = Heard(jobs, CLUSTER, {"count": 2}, 100)
    qtbot.waitUntil(lambda: bool(third.results))
    assert not waiting.frames
    first.job.cancel()
    waiting.job.cancel()
    qtbot.waitUntil(lambda: not jobs.busy)
    assert not first.results + first.errors + waiting.results + waiting.errors
    first.job.tell(pause=True)  # one that is done hears nothing
    assert not jobs.busy


def test_a_running_job_is_given_up_and_the_next_one_runs(jobs, qtbot):
    layout = Heard(jobs, MAKE, ENDLESS)
    qtbot.waitUntil(lambda: len(layout.frames) > 1)
    layout.job.cancel()
    after = Heard(jobs, MAKE, {"method": "pca"}, 50)
    qtbot.waitUntil(lambda: bool(after.results))
    assert not layout.results + layout.errors
    assert after.results[0].arrays["positions"].shape == (50, 2)


def test_a_job_that_fails_says_so_and_one_that_dies_takes_only_itself(jobs, qtbot):
    wrong = Heard(jobs, MAKE, {"method": "som"})
    qtbot.waitUntil(lambda: bool(wrong.errors))
    assert all(name in wrong.errors[0].data["advice"] for name in METHODS)
    layout = Heard(jobs, MAKE, ENDLESS)
    qtbot.waitUntil(lambda: len(layout.frames) > 1)
    jobs._child.process.kill()
    qtbot.waitUntil(lambda: bool(layout.errors))
    assert "ended unexpectedly" in layout.errors[0].data["what"]
    after = Heard(jobs, MAKE, {"method": "pca"}, 50)
    qtbot.waitUntil(lambda: bool(after.results))


def test_the_host_ends_with_its_stream_and_names_what_is_no_analysis():
    inbox, out = io.BytesIO(), io.BytesIO()
    write_message(inbox, {"verb": "run", "function": "os:system", "options": {}, "stamp": 1}, {})
    write_message(inbox, {"verb": "tell", "stamp": 7, "changes": {"pause": True}}, {})
    inbox.seek(0)
    serve(inbox, out)
    out.seek(0)
    head, _ = read_message(out)
    assert head["kind"] == "error"
    assert "not an analysis" in head["data"]["what"]
    assert not [t for t in threading.enumerate() if t.name == "job"]
