"""What comes of a search that learns: the same directions again, with other vectors."""

from __future__ import annotations

import numpy as np

from backends.api import Reply
from backends.native import read_info
from explorer.panels.directions_learn import Training
from explorer.workers.jobs import Job


def test_a_direction_stays_the_same_one_while_it_learns_and_is_ranked(tiny_models, monkeypatch):
    info, shown, jobs = read_info(tiny_models["tiny"]), [], []
    training = Training()

    def run(name, arrays, options, **on):
        jobs.append((options, on))
        return Job(name, arrays, options, on["on_result"], on["on_error"])

    monkeypatch.setattr(training.jobs, "run", run)
    training.start(
        "voynov",
        info,
        info.space.main,
        2,
        12,
        grew=lambda found, _: shown.append(found),
        done=lambda found, _: shown.append(found),
        failed=print,
        told=print,
    )
    options, on = jobs[0]
    assert (options["layer"], options["count"], options["method"]) == (3, 12, "voynov")
    vectors, shares = np.eye(4, dtype=np.float32), np.array([0.5, 0.9, 0.3, 0.25], np.float32)
    on["on_partial"](Reply(1, "partial", {}, {"directions": vectors, "accuracies": shares}))
    rows, effects = np.array([1, 0, 2, 3]), np.array([0.1, 0.1, 0.1, 0.0])
    arrays = {"directions": -vectors[rows], "accuracies": shares[rows], "effects": effects, "rows": rows}
    on["on_result"](Reply(1, "result", {"chance": 0.25, "accuracy": 0.49}, arrays))
    grown, ranked = shown
    assert [d.id for d, _ in ranked] == [grown[row][0].id for row in rows]
    assert [d.name for d, _ in ranked] == ["Voynov 2", "Voynov 1", "Voynov 3", "Voynov 4"]
    assert [figure for _, figure in ranked] == ["90%", "50%", "30%", "does nothing"]
    np.testing.assert_array_equal(ranked[0][0].vector, -vectors[1])
