"""What goes wrong is seen and said once, with advice; what goes well is not disturbed."""

from __future__ import annotations

from typing import Any

import torch

from tests.trainers.conftest import Make
from tests.trainers.test_gan import learner
from trainers.control import Control
from trainers.loop import train
from trainers.watch import Watch, collapsed, critic_has_won, distinct, diverging, likeness


def lines(count: int, **values: float) -> list[dict[str, Any]]:
    return [{"step": 10 * k, **values} for k in range(count)]


def won(count: int) -> list[dict[str, Any]]:
    return [{"real named real": 1.0, "made named made": 0.995, **line} for line in lines(count)]


def test_a_critic_that_tells_every_image_has_won():
    assert "critic's step size" in critic_has_won(won(20), "non-saturating")
    assert "non-saturating" in critic_has_won(won(20), "minimax")
    assert not critic_has_won(won(19), "minimax")  # it may still be caught
    even = [{"real named real": 1.0, "made named made": 0.6, **line} for line in lines(20)]
    assert not critic_has_won(even, "minimax")
    assert not critic_has_won(lines(40, distance=3.0), "wasserstein")


def test_a_loss_that_explodes_diverges():
    calm = lines(60, generator=1.5, discriminator=1.2)
    assert not diverging(calm)
    assert "generator has grown from about 1.5 to 400" in diverging(calm + lines(20, generator=400.0))
    assert "loss has grown" in diverging(lines(50, loss=3.0) + lines(20, loss=1e4))
    assert not diverging(lines(20, loss=1e4) + lines(60, loss=3.0))  # the right way round
    assert not diverging(lines(20, loss=0.001) + lines(60, loss=0.5))  # still small
    assert not diverging([])


def test_copies_are_not_distinct():
    torch.manual_seed(0)
    real = torch.rand(200, 1, 28, 28)
    least = likeness(real)
    assert distinct(real, least) == 200
    faint = real[:4].repeat(50, 1, 1, 1)
    assert distinct(faint + 0.01 * torch.rand_like(faint), least) == 4


def test_a_collapse_is_told_by_either_sign():
    assert not collapsed(990, 1000, 10, 10)
    assert "only 12 of 1000 samples are distinct." in collapsed(12, 1000, 9, 10)
    assert "only 3 of 10 classes appear." in collapsed(990, 1000, 3, 10)
    assert "12 of 1000 samples are distinct and 3 of 10 classes" in collapsed(12, 1000, 3, 10)
    assert not collapsed(990, 1000, 0, 0)  # no classifier knows this data


def test_a_worry_is_said_once_until_it_is_over():
    made = learner()
    made.model.eval()
    watch = Watch(made, "")
    with torch.inference_mode():
        assert watch.look(10, won(20), made.model)
        assert not watch.look(20, won(20), made.model)
        assert not watch.look(30, lines(20), made.model)
        assert watch.look(40, won(20), made.model)


def test_an_untrained_generator_s_samples_are_all_alike_but_only_later_a_worry():
    made = learner(steps=1000)
    made.model.eval()
    watch = Watch(made, "")
    with torch.inference_mode():
        assert watch.look(200, [], made.model) == []
        (said,) = watch.look(400, [], made.model)
    assert "collapses" in said


def test_warnings_are_events_of_the_run(make: Make):
    run = make("gan", width=4, discriminator_width=4, latent=4, steps=320, batch=2, body="mlp",
               generator_rate=1e-6, sample_every=310, checkpoint_every=320)  # fmt: skip
    train(run, Control.of(run, 320))
    warnings = [event for event in run.events() if event["kind"] == "warning"]
    assert len({event["text"] for event in warnings}) == len(warnings)
    assert all(event["step"] == 310 for event in warnings)
    assert warnings


def test_the_bundled_classifier_counts_the_classes():
    made = learner(steps=1000, image_size=28)
    made.model.eval()
    watch = Watch(made, "mnist-classifier")
    with torch.inference_mode():
        (said,) = watch.look(400, [], made.model)
    assert "1 of 10 classes appear" in said
