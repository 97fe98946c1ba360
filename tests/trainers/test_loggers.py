"""Logs for other programs: each step once, whatever happens to the run; a logger's faults stay its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backends.errors import BadSettings
from tests.trainers.conftest import NARROW, Make
from tests.trainers.test_resume import same
from trainers.api import Command, Phase, Settings
from trainers.control import Control
from trainers.loggers import beside as beside_module
from trainers.loggers.api import config_of, without_secrets
from trainers.loggers.beside import Reader, beside, pass_on
from trainers.loop import train
from trainers.runs import Run


class Notebook:
    """A logger that keeps what it is told; `fails` when told of a step from there on."""

    def __init__(self, last: int = -1, fails: int = 10**9) -> None:
        self.last, self.fails = last, fails
        self.steps: list[int] = []
        self.values: list[dict[str, float]] = []
        self.times: list[float] = []
        self.pictures: list[tuple[int, str]] = []
        self.order: list[int] = []
        self.closed = False

    def scalars(self, step: int, time: float, values: dict[str, float]) -> None:
        if step >= self.fails:
            raise ConnectionError(f"no way to https://me:hunter2@host.example/{step}")
        self.steps.append(step)
        self.values.append(values)
        self.times.append(time)
        self.order.append(step)

    def picture(self, step: int, time: float, path: Path) -> None:
        self.pictures.append((step, path.name))
        self.order.append(step)

    def flush(self) -> None:
        assert self.order

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the last values take longer."""
    monkeypatch.setattr(beside_module, "END_S", 60.0)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a logger stand in for TensorBoard's module."""

    def place(opening: Any) -> None:
        module = ModuleType("trainers.loggers.tensorboard")
        module.open_for = opening  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "trainers.loggers.tensorboard", module)

    return place


def warnings(run: Run) -> list[str]:
    return [event["text"] for event in run.events() if event["kind"] == "warning"]


def trained(run: Run, stop_at: int = 10**9) -> None:
    control = Control.of(run, 40)
    beat = control.check

    def check() -> None:
        if control.state.step == stop_at:
            run.send(Command.STOP)
        beat()

    control.check = check  # type: ignore[method-assign]
    train(run, control)


def test_a_training_tells_all_its_measurements_and_is_the_same_to_the_bit(make: Make, put: Any) -> None:
    book = Notebook()
    put(lambda run: book)
    plain, told = make("vae", **NARROW), make("vae", log_to="tensorboard", **NARROW)
    trained(plain)
    trained(told)
    assert same(plain, told)
    assert book.steps == [line["step"] for line in told.metrics()]
    assert [values["loss"] for values in book.values] == [line["loss"] for line in told.metrics()]
    assert book.pictures == [(0, "0000000.png"), (20, "0000020.png"), (40, "0000040.png")]
    assert book.order == sorted(book.order)
    assert book.closed
    assert not warnings(told)
    began = told.asked()["created"]
    assert all(0 <= time - began <= told.state().seconds + 0.01 for time in book.times)


def test_stopped_and_resumed_no_step_comes_twice(make: Make, put: Any) -> None:
    first, second, third = Notebook(), Notebook(last=25), Notebook()
    run = make("vae", log_to="tensorboard", **NARROW)
    put(lambda run: first)
    trained(run, stop_at=25)
    assert max(first.steps) == 25
    put(lambda run: second)  # one that has what it was told, like W&B and MLflow
    trained(run)
    assert second.steps == [step for step in (line["step"] for line in run.metrics()) if step > 25]
    assert [step for step, _ in second.pictures] == [40]
    pass_on(Reader(run), third)  # one that begins anew, like TensorBoard
    assert third.steps == [line["step"] for line in run.metrics()]


@pytest.mark.parametrize("how", ["at once", "on the way", "no package"])
def test_one_that_fails_is_one_warning_and_the_run_goes_on(make: Make, put: Any, how: str) -> None:
    def opening(run: Run) -> Notebook:
        if how == "no package":
            raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")
        if how == "at once":
            raise OSError(28, "No space left on device")
        return Notebook(fails=20)

    put(opening)
    run = make("vae", log_to="tensorboard", **NARROW)
    trained(run)
    assert run.phase() is Phase.FINISHED
    (said,) = warnings(run)
    assert said.startswith("TensorBoard gets nothing")
    assert {
        "at once": "No space left",
        "on the way": "https://…@host",
        "no package": "latent-explorer[logs]",
    }[how] in said
    assert "hunter2" not in (run.folder / "events.jsonl").read_text()


def test_one_that_hangs_is_left_alone(make: Make, put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_module, "END_S", 0.05)
    release = threading.Event()
    put(lambda run: release.wait(60) and Notebook())
    run = make("vae")
    with beside(run, "tensorboard"):
        pass
    release.set()
    assert "has not taken the last values" in warnings(run)[0]


def test_a_reader_takes_whole_lines_once_and_pictures_when_their_step_is_measured(make: Make) -> None:
    run, book = make(), Notebook()
    reader = Reader(run)
    pass_on(reader, book)
    assert book.order == []
    run.add_metrics(10, 1.0, {"loss": 3.0})
    for step in (0, 10, 15):
        (run.folder / "samples" / f"{step:07d}.png").write_bytes(b"")
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 20, "seco')
    pass_on(reader, book)
    assert book.order == [0, 10, 10]
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('nds": 2.0, "loss": 2.0}\nnonsense\n')
    pass_on(reader, book)
    assert book.order == [0, 10, 10, 15, 20]
    assert book.times[-1] - run.asked()["created"] == pytest.approx(2.0)


def test_no_secret_reaches_the_folder_and_no_path_leaves_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "abcdef123456")
    assert without_secrets("401 for abcdef123456 at http://a:b@c/") == "401 for … at http://…@c/"
    asked = config_of(make("vae", data="folder:/home/me/private/pets"))
    assert asked["data"] == "folder:pets"
    assert asked["latent"] == 16


def test_what_can_be_logged_to_is_a_setting() -> None:
    assert Settings().log_to == "none"
    with pytest.raises(BadSettings, match="tensorboard, wandb, mlflow"):
        Settings.from_mapping({"log_to": "excel"})


def test_event_files_read_back_with_each_step_once(make: Make) -> None:
    pytest.importorskip("tensorboard", reason="the extra [logs] is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = make("vae", log_to="tensorboard", **NARROW)
    trained(run, stop_at=25)
    trained(run)
    assert not warnings(run)
    read = EventAccumulator(str(run.folder / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    read.Reload()
    losses = read.Scalars("loss")
    assert [one.step for one in losses] == [line["step"] for line in run.metrics()]
    assert [one.value for one in losses] == pytest.approx([line["loss"] for line in run.metrics()])
    pictures = read.Images("samples")
    assert [one.step for one in pictures] == [0, 20, 40]
    assert pictures[-1].encoded_image_string == run.samples()[-1].read_bytes()


@pytest.mark.slow
def test_weights_and_biases_offline(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="the package wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "elsewhere"))
    run = make("vae", log_to="wandb", **NARROW)
    trained(run, stop_at=25)
    from trainers.loggers.api import noted

    known = noted(run, "wandb")
    assert known["step"] == 25
    trained(run)
    assert not warnings(run)
    assert noted(run, "wandb") == {"name": known["name"], "step": 40}
    assert len(list((tmp_path / "elsewhere").rglob("*.wandb"))) == 2
    assert not (run.folder / "wandb").exists()


@pytest.mark.slow
def test_mlflow_s_database_has_each_step_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="the package mlflow is not installed")
    pytest.importorskip("sqlalchemy", reason="mlflow can't keep runs here")
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = make("vae", log_to="mlflow", **NARROW)
    trained(run, stop_at=25)
    trained(run)
    assert not warnings(run)
    client = MlflowClient(tracking_uri=f"sqlite:///{run.folder.parent / 'mlflow.db'}")
    from trainers.loggers.api import noted

    name = noted(run, "mlflow")["name"]
    steps = [metric.step for metric in client.get_metric_history(name, "loss")]
    assert sorted(steps) == [line["step"] for line in run.metrics()]
    assert len(client.list_artifacts(name, "samples")) == 3
    assert client.get_run(name).data.params["family"] == "vae"
