"""Chunks that are emptied: what learns when, what stays as it was, and that a resumed run goes on alike."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backends import native
from backends.errors import BadSettings
from tests.trainers.conftest import Make
from tests.trainers.test_chunks import SMALL, learner
from tests.trainers.test_resume import same, train_until
from trainers import checkpoints
from trainers.api import Phase
from trainers.batches import as_floats
from trainers.changes import ask
from trainers.chunks import ChunkSettings, renewed
from trainers.control import Control
from trainers.loop import train

STEPS = 40
RENEWED = {"steps": STEPS, "mix_from": 0.0, "renew": "3 1", "renew_at": 5, "renew_steps": 25}
DECODER, OTHERS, FIRST, AFTER = 5, 12, 14, 30  # where each stage begins
ROWS = {chunk: slice(4 * chunk, 4 * chunk + 4) for chunk in range(3)}


def weights(made: Any) -> dict[str, torch.Tensor]:
    last, first = list(made.model.encoder.children())[-1], next(made.model.encoder.parameters())
    chunks = {f"chunk {n + 1}": torch.cat([last.weight[rows].flatten(), last.bias[rows]])
              for n, rows in ROWS.items()}  # fmt: skip
    kept = {**chunks, "encoder": first, "decoder": made.model.decoder[0].weight}
    return {name: value.detach().clone() for name, value in kept.items()}


def walked(made: Any, since: int, until: int) -> set[str]:
    """What steps have changed."""
    torch.manual_seed(since)
    images, before = as_floats(made.first_images(16)), weights(made)
    for step in range(since, until):
        made.step(images, None, step)
    return {name for name, value in weights(made).items() if not torch.equal(value, before[name])}


def test_an_emptied_chunk_learns_last_and_others_learn_to_do_without():
    made = learner(**RENEWED)
    everything = {"chunk 1", "chunk 2", "chunk 3", "encoder", "decoder"}
    assert walked(made, 0, DECODER) == everything
    walked(made, DECODER, DECODER + 1)
    images = as_floats(made.first_images(50))
    assert made.model.encode(images)[:, [*range(4), *range(8, 12)]].abs().max() == 0
    assert made.model.encode(images)[:, ROWS[1]].std(0).min() > 0
    assert walked(made, DECODER + 1, OTHERS) == {"decoder"}
    assert walked(made, OTHERS, FIRST) == {"chunk 2", "encoder", "decoder"}
    assert walked(made, FIRST, AFTER) == {"chunk 3", "decoder"}
    assert walked(made, AFTER, STEPS) == {"chunk 2", "chunk 3", "encoder", "decoder"}
    assert made.model.encode(images)[:, ROWS[0]].abs().max() == 0
    assert made.model.encode(images)[:, ROWS[2]].std(0).min() > 0


def test_others_need_not_learn():
    made = learner(**RENEWED, renew_others=0.0)
    walked(made, DECODER, DECODER + 1)
    assert walked(made, DECODER + 1, OTHERS) == {"decoder"}
    assert walked(made, OTHERS, AFTER) == {"chunk 3", "decoder"}


def test_the_decoder_is_told_the_mean_of_what_is_gone():
    made = learner(**RENEWED)
    walked(made, 0, DECODER)
    images = as_floats(made.first_images(2000))
    codes = made.model.encode(images)
    codes[:, [*range(4), *range(8, 12)]] = codes[:, [*range(4), *range(8, 12)]].mean(0)
    wanted = made.model.generate(codes, {})
    made.renewal.before(DECODER, lambda: images)
    torch.testing.assert_close(made.model.generate(made.model.encode(images), {}), wanted, atol=1e-5, rtol=0)


def test_the_finished_model_is_without_the_chunks_that_stay_empty(make: Make):
    run = make("chunks", **SMALL, **RENEWED, limit=200, ema=0.5)
    train(run, Control.of(run, STEPS))
    model = native.load(run.model)
    assert [part.size for part in model.space.parts] == [4, 4]
    assert model.config["chunks"] == 2
    whole = learner(**RENEWED).model
    average = checkpoints.read(sorted(run.checkpoints())[-1])[0]
    whole.load_state_dict({name[8:]: v for name, v in average.items() if name.startswith("average/")})
    images = as_floats(learner().first_images(50))
    copies = model.generate(model.encode(images), {})
    torch.testing.assert_close(copies, whole.generate(whole.encode(images), {}), atol=1e-5, rtol=0)
    assert model.encode(model.generate(torch.from_numpy(model.space.sample_many(4, 0)), {})).shape == (4, 8)


def test_a_training_that_was_stopped_in_a_renewal_goes_on_to_the_bit(make: Make):
    whole = make("chunks", **SMALL, **RENEWED, limit=200)
    train(whole, Control.of(whole, STEPS))
    for stopped in (OTHERS, FIRST + 5, AFTER):
        parted = make("chunks", **SMALL, **RENEWED, limit=200)
        train_until(parted, stopped)
        train(parted, Control.of(parted, STEPS))
        assert same(whole, parted), stopped


@pytest.mark.parametrize("wrong", ["4", "0", "1 1", "one", "1 2 3", "2 -1"])
def test_chunks_that_are_not_there_are_one_sentence(wrong: str):
    with pytest.raises(BadSettings, match="renew is"):
        learner(renew=wrong)
    assert renewed(learner(**{**RENEWED, "renew": " 3, 1"}).settings) == [2, 0]


def test_a_renewal_longer_than_the_training_is_refused():
    with pytest.raises(BadSettings, match="until step 45 does not fit into 40 steps"):
        learner(**{**RENEWED, "renew_at": 20})


@pytest.mark.parametrize("late", [{"renew": "2"}, {"renew": "2", "renew_at": 9}])
def test_chunks_that_should_have_been_emptied_before_are_refused_and_the_wish_is_taken_back(
    make: Make, late: dict[str, Any]
):
    run = make("chunks", **SMALL, **{**RENEWED, "renew": ""}, limit=200)
    train_until(run, 10)
    ask(run, ChunkSettings, late)
    with pytest.raises(BadSettings, match="can't be emptied at step") as refused:
        train(run, Control.of(run, STEPS))
    assert refused.value.what.endswith("the run is at step 10.")
    assert "renew_at to 10 or more" in refused.value.advice
    assert run.asked()["settings"]["renew"] == ""
    assert run.asked()["settings"]["renew_at"] == 5


def test_chunks_that_are_not_there_do_not_keep_a_run_from_going_on(make: Make):
    run = make("chunks", **SMALL, **{**RENEWED, "renew": ""}, limit=200)
    train_until(run, 10)
    ask(run, ChunkSettings, {"renew": "9", "renew_at": 10})
    with pytest.raises(BadSettings, match="renew is '9'"):
        train(run, Control.of(run, STEPS))
    train(run, Control.of(run, STEPS))
    assert run.phase() == Phase.FINISHED


def test_chunks_can_be_emptied_at_the_step_at_which_a_run_goes_on(make: Make):
    run = make("chunks", **SMALL, **{**RENEWED, "renew": ""}, limit=200)
    train_until(run, 10)
    ask(run, ChunkSettings, {"renew": "2", "renew_at": 10})
    train(run, Control.of(run, STEPS))
    assert run.phase() == Phase.FINISHED


def test_a_run_that_has_renewed_a_chunk_goes_on_with_more_steps(make: Make):
    run = make("chunks", **SMALL, **RENEWED, limit=200)
    train(run, Control.of(run, STEPS))
    ask(run, ChunkSettings, {"steps": 45})
    train(run, Control.of(run, STEPS))
    assert run.phase() == Phase.FINISHED
