"""Settings that change on the way: what may, from when it counts, and that a fall back repeats it."""

import pytest

from backends.errors import BadSettings
from tests.trainers.conftest import NARROW, Make
from tests.trainers.test_resume import VAE, same
from trainers import changes
from trainers.api import Command, Phase
from trainers.control import Control
from trainers.loop import train
from trainers.runs import Run


def change(step, name, old, new):
    return {"step": step, "name": name, "old": old, "new": new, "time": 0.0}


def test_the_settings_of_every_step_can_be_told():
    record = [change(20, "learning_rate", 1.0, 2.0), change(30, "learning_rate", 2.0, 3.0)]
    asked = {"settings": {"learning_rate": 3.0, "steps": 9}, "changes": record}
    rates = [changes.settings_at(asked, step)["learning_rate"] for step in (0, 19, 20, 29, 30)]
    assert rates == [1.0, 1.0, 2.0, 2.0, 3.0]
    assert changes.coming(asked, 20) == {30: {"learning_rate": 3.0}}


def test_a_newer_wish_replaces_what_is_trained_again():
    record = [change(60, "learning_rate", 1.0, 2.0), change(None, "learning_rate", 2.0, 3.0)]
    asked = {"settings": {"learning_rate": 3.0}, "changes": record}
    dated = changes.dated(asked, VAE, 50)
    assert [(c["step"], c["old"], c["new"]) for c in dated] == [(50, 1.0, 3.0)]
    assert changes.settings_at({**asked, "changes": dated}, 40)["learning_rate"] == 1.0


def test_what_cannot_change_on_the_way_holds_from_where_it_went_on():
    asked = {"settings": {"batch": 8}, "changes": [change(60, "batch", 4, 8)]}
    assert [c["step"] for c in changes.dated(asked, VAE, 50)] == [50]


@pytest.mark.parametrize(
    ("given", "said"),
    [({"latent": 9}, "can't change in a run"), ({"seed": 4}, "can't change in a run"),
     ({"image_size": 32}, "can't change in a run"), ({"learning_rate": -1}, "at least"),
     ({"colour": 1}, "no setting named")],
)  # fmt: skip
def test_what_can_not_change_is_said(make: Make, given, said):
    run = make("vae")
    with pytest.raises(BadSettings, match=said):
        changes.ask(run, VAE, given)
    assert changes.of(run.asked()) == []


def test_no_change_is_no_event(make: Make):
    assert changes.ask(make("vae"), VAE, {"batch": "16"}) == []


def scripted(run: Run, asks: dict[int, list[tuple[Command, dict]]]) -> Control:
    """A control at which things are asked at given steps."""
    control = Control.of(run, 0)
    beat = control.check

    def check() -> None:
        if control.state.phase is Phase.TRAINING:
            for command, values in asks.pop(control.state.step, ()):
                run.send(command, **values)
        beat()

    control.check = check  # type: ignore[method-assign]
    return control


def test_a_rate_that_changed_is_the_same_again_after_a_fall_back(make: Make):
    """Changed at 15, killed behind it, gone on from 10: bit for bit as never interrupted."""
    whole, halved = (make("vae", keep_last=9, **NARROW) for _ in range(2))
    rate = (Command.SET, {"learning_rate": 0.02})
    train(whole, scripted(whole, {15: [rate]}))
    train(halved, scripted(halved, {15: [rate], 25: [(Command.STOP, {})]}))
    for path in halved.checkpoints()[1:]:
        path.unlink()
    assert int(halved.checkpoints()[0].stem) == 10
    train(halved, Control.of(halved, 0))
    assert same(whole, halved)
    assert ("setting", 15) in [(e["kind"], e["step"]) for e in halved.events()]
    assert whole.asked()["settings"]["learning_rate"] == 0.02
    plain = make("vae", **NARROW)
    train(plain, Control.of(plain, 0))
    assert not same(whole, plain)


def test_a_change_at_resume_is_on_the_record(make: Make):
    run = make("vae", **NARROW)
    train(run, scripted(run, {20: [(Command.STOP, {})]}))
    assert changes.ask(run, VAE, {"batch": 32, "steps": 30}) == ["batch: 16 → 32", "steps: 40 → 30"]
    train(run, Control.of(run, 0))
    assert run.state().step == run.state().steps == 30
    told = [(e["step"], e["text"]) for e in run.events() if e["kind"] == "setting"]
    assert told == [(20, "batch: 16 → 32"), (20, "steps: 40 → 30")]
    assert [c["step"] for c in changes.of(run.asked())] == [20, 20]


def test_a_change_that_does_not_fit_is_taken_back(make: Make):
    run = make("gan", width=4, discriminator_width=4, latent=4, batch=8, steps=20)
    train(run, scripted(run, {5: [(Command.STOP, {})]}))
    run.note(settings={**run.asked()["settings"], "width": 8},
             changes=[change(None, "width", 4, 8)])  # fmt: skip
    with pytest.raises(BadSettings, match="taken back"):
        train(run, Control.of(run, 0))
    assert run.asked()["settings"]["width"] == 4
    train(run, Control.of(run, 0))
    assert run.phase() is Phase.FINISHED


def test_nonsense_from_outside_is_a_warning_and_training_goes_on(make: Make):
    run = make("vae", **NARROW)
    odd = [(Command.SET, {"learning_rate": "fast"}), (Command.SET, {"latent": 3}), (Command.SET, {"x": 1})]
    train(run, scripted(run, {10: odd}))
    assert run.phase() is Phase.FINISHED
    assert sum(e["kind"] == "warning" for e in run.events()) == 3
