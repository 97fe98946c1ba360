"""`sweep` with real runs, one after the other; and the Python way to train."""

import csv
from pathlib import Path

import pytest

from backends.errors import BadRequest
from explorer.verbs import sweep as sweep_verb
from tests.trainers.conftest import in_process
from tests.verbs.test_train import SMALL, call, folder
from trainers import runs

__all__ = ["folder", "in_process"]


def test_a_sweep_from_the_first_run_to_the_table(in_process, tmp_path: Path, capsys):
    table = tmp_path / "out" / "table.csv"
    words = ("vae", "--data", "digits", "--set", "steps=10", *SMALL[:-2], "--grid", "batch=8,16",
             "--name", "s", "--by", "loss", "--csv", str(table))  # fmt: skip
    assert call(sweep_verb, *words) == 0
    out = capsys.readouterr().out
    assert "2 runs of the sweep s" in out
    assert "finished 10/10" in out
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["batch"] for row in rows) == ["16", "8"]
    assert float(rows[0]["loss"]) <= float(rows[1]["loss"])
    assert call(sweep_verb, "--show", "s") == 0
    assert "s-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [(("vae",), "What to train is missing"), (("--show", "x"), "no sweep named"),
     (("vae", "--data", "digits"), "sweep of 1 runs is not possible"),
     (("vae", "--data", "digits", "--grid", "latent=0,2"), "at least 1"),
     (("vae", "--data", "nothing", "--grid", "latent=1,2"), "names no data set")],
)  # fmt: skip
def test_what_cannot_work_is_one_sentence(words, said, capsys: pytest.CaptureFixture[str]):
    assert call(sweep_verb, *words) == 2
    assert said in capsys.readouterr().err
    assert runs.list_runs() == []


def test_five_lines_of_python(in_process):
    """The code of docs/training.md, on small settings."""
    from trainers.notebook import find, train

    run = train("vae", "digits", steps=20, latent=2, body="mlp", width=4, image_size=16, name="five")
    steps, loss = run.curve("loss")
    model = run.model()
    assert (len(steps), steps[-1]) == (len(loss), 20)
    assert model.space.size == 2
    assert "reconstruction_error" in run.figures
    with pytest.raises(BadRequest, match="There are: loss"):
        run.curve("gloss")
    again = find("five").resume(steps=30, learning_rate=0.002)
    assert again.state.step == 30
    assert "finished" in repr(again)
