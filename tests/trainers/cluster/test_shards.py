"""Shards: only missing ones are done, lost ones by others, and nothing half or foreign is taken for done."""

from __future__ import annotations

import numpy as np
import pytest

from backends.errors import BadRequest, ExplorerError
from trainers.cluster.shards import Done, Shards, work_off

ROWS = np.arange(103 * 4, dtype=np.float32).reshape(103, 4)
FACTS = {"model": "abc", "data": "def"}


class Crowd:
    """Workers that give back rows; `dies` says which (worker, shard) are lost, once each or always."""

    def __init__(self, count=2, dies=(), always=False, stops_after=10**9):
        self.waiting, self.count, self.dies, self.always = [], count, set(dies), always
        self.handed: list[int] = []
        self.stops_after = stops_after

    def idle(self):
        return len(self.waiting) < self.count

    def hand(self, shard, start, stop):
        if len(self.handed) == self.stops_after:
            raise KeyboardInterrupt
        self.handed.append(shard)
        self.waiting.append((shard, start, stop))

    def collect(self):
        shard, start, stop = self.waiting.pop()  # in another order than asked
        if shard in self.dies:
            self.dies -= set() if self.always else {shard}
            return [Done(shard, 0, None)]
        return [Done(shard, shard % 2, ROWS[start:stop], 0.01)]


def open_shards(tmp_path, **other):
    return Shards.open(tmp_path / "shards", len(ROWS), 10, {**FACTS, **other})


def test_all_are_done_in_their_order(tmp_path):
    shards, said = open_shards(tmp_path), []
    tally = work_off(shards, Crowd(3), lambda done, of: said.append((done, of)))
    assert (shards.all() == ROWS).all()
    assert said == [(done, 11) for done in range(12)]
    assert sum(one.rows for one in tally.stints.values()) == 103
    assert "103 images by 2 workers" in tally.sentence()
    shards.remove()
    assert not shards.folder.exists()


def test_begun_again_only_what_is_missing_or_damaged_is_done(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        work_off(open_shards(tmp_path), Crowd(1, stops_after=6), lambda *_: None)
    shards = open_shards(tmp_path)
    assert shards.missing() == [6, 7, 8, 9, 10]
    whole = shards._path(2).read_bytes()
    shards._path(1).write_bytes(whole[:-5])
    shards._path(3).write_bytes(b"")
    np.save(shards._path(4), ROWS[:3])
    np.save(shards._path(5), np.array([{}], dtype=object), allow_pickle=True)
    crowd = Crowd()
    work_off(shards, crowd, lambda *_: None)
    assert sorted(crowd.handed) == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert (shards.all() == ROWS).all()
    again = Crowd()
    assert "Nothing was left" in work_off(shards, again, lambda *_: None).sentence()
    assert not again.handed


def test_a_lost_workers_shard_is_done_by_another(tmp_path):
    shards, crowd = open_shards(tmp_path), Crowd(dies={0, 7, 10})
    tally = work_off(shards, crowd, lambda *_: None)
    assert (shards.all() == ROWS).all()
    assert tally.lost == 3
    assert sorted(crowd.handed) == sorted([*range(11), 0, 7, 10])


def test_a_shard_that_ends_every_worker_ends_it_with_a_sentence_and_the_rest_is_kept(tmp_path):
    shards = open_shards(tmp_path)
    with pytest.raises(ExplorerError, match="4 workers were lost with shard 5"):
        work_off(shards, Crowd(1, dies={5}, always=True), lambda *_: None)
    assert 4 not in shards.missing()


def test_shards_of_another_model_data_or_size_are_not_mixed(tmp_path):
    open_shards(tmp_path)
    with pytest.raises(BadRequest, match="its model differs"):
        open_shards(tmp_path, model="other")
    with pytest.raises(BadRequest, match="its size differs"):
        Shards.open(tmp_path / "shards", len(ROWS), 20, FACTS)
    with pytest.raises(BadRequest, match="missing"):
        open_shards(tmp_path).all()


def test_a_shard_of_a_wrong_shape_is_refused(tmp_path):
    shards = open_shards(tmp_path)
    with pytest.raises(ExplorerError, match="not of 10 rows"):
        shards.keep(0, ROWS[:9])
    with pytest.raises(ExplorerError, match="not of 3 rows"):
        shards.keep(10, ROWS[:10])
