"""A pool's dealings with a courier that is made up: who begins, who is lost, whose data differ."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from backends.errors import BadData, ExplorerError
from trainers.cluster import pool as pools
from trainers.cluster.line import Away
from trainers.cluster.places import Wish
from trainers.cluster.shards import Shards, work_off

FACTS = {"count": 40, "data": "d", "model": "m", "classes": ["a"], "labelled": True}
LABELS = np.arange(40, dtype="<i8")


class Cluster:
    """Stands for `Line`: workers that answer at once with the numbers of their rows."""

    def __init__(self, dies=(), odd=(), early=(), away_after=10**9):
        self.dies, self.odd, self.early, self.left = set(dies), set(odd), set(early), away_after
        self.answers, self.said, self.closed = [], [], False

    def __call__(self, address, log):
        return self

    def pool(self, verb, content=b"", **given):
        self.said.append((verb, given, len(content)))
        self.left -= 1
        if self.left < 0:
            raise Away
        if verb == "hire":
            self._hired(given["worker"])
        if verb == "hand":
            self._handed(**given)
        if verb == "collect" and self.answers:
            return self.answers.pop(0)
        return {}, b""

    def close(self):
        self.closed = True

    def _hired(self, worker):
        if worker in self.early:
            self.answers.append(({"kind": "lost", "worker": worker, "shards": []}, b""))
            return
        facts = {**FACTS, "data": "other"} if worker in self.odd else FACTS
        self.answers.append(({"kind": "begun", "worker": worker, "facts": facts}, LABELS.tobytes()))

    def _handed(self, worker, shard, start, stop):
        if worker in self.dies:
            if not any(told["kind"] == "lost" and told["worker"] == worker for told, _ in self.answers):
                self.answers.append(({"kind": "lost", "worker": worker, "shards": []}, b""))
            next(t for t, _ in self.answers if t["kind"] == "lost")["shards"].append(shard)
            return
        rows = np.arange(start, stop, dtype="<f4")[:, None]
        told = {"kind": "done", "worker": worker, "shard": shard, "shape": list(rows.shape), "seconds": 0.1}
        self.answers.append((told, rows.tobytes()))


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Have 40 rows encoded by two workers of a cluster; the codes."""
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"model")

    def do(cluster, count=2):
        monkeypatch.setattr(pools, "Line", cluster)
        monkeypatch.setattr(pools.baggage, "package", lambda asked: bytes(1000))
        one = pools.Pool(Wish("ray://head:10001"), count, Path(model), "digits", "all", 0, io.BytesIO())
        with one:
            one.begin(lambda _: None)
            shards = Shards.open(tmp_path / "shards", one.facts["count"], 4, {})
            work_off(shards, one, lambda *_: None)
        assert (one.labels == LABELS).all()
        return shards.all()[:, 0]

    return do


def test_package_and_model_go_once_and_all_rows_come_back(work):
    cluster = Cluster()
    assert (work(cluster) == np.arange(40)).all()
    assert [given["name"] for verb, given, _ in cluster.said if verb == "stock"] == ["package", "model"]
    assert {given["worker"] for verb, given, _ in cluster.said if verb == "hand"} == {0, 1}
    assert cluster.closed


def test_a_lost_worker_is_replaced_and_its_shards_are_done_by_others(work):
    cluster = Cluster(dies={0})
    assert (work(cluster) == np.arange(40)).all()
    assert [given["worker"] for verb, given, _ in cluster.said if verb == "hire"] == [0, 1, 2]


def test_workers_that_end_at_once_end_it_with_a_sentence(work):
    with pytest.raises(ExplorerError, match="before they can begin"):
        work(Cluster(early=range(100)))


def test_data_that_differ_between_machines_are_refused(work):
    with pytest.raises(BadData, match="not the same on all machines"):
        work(Cluster(odd={1}))


def test_a_lost_connection_is_a_sentence_and_what_was_done_stays(work, tmp_path):
    cluster = Cluster(away_after=14)
    with pytest.raises(ExplorerError, match="goes on with what is missing"):
        work(cluster)
    assert cluster.closed
    assert list((tmp_path / "shards").glob("*.npy"))
    assert (work(Cluster()) == np.arange(40)).all()
    with pytest.raises(ExplorerError, match="can't be reached"):
        work(Cluster(away_after=1))
