"""MLflow, by its own package: to the server of `MLFLOW_TRACKING_URI`, else a database beside the runs.

The run's folder holds only under which name the run is known there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from trainers.loggers.api import config_of, note, noted, title_of
from trainers.runs import Run

EXPERIMENT = "latent-explorer"
LONGEST = 500  # characters of a setting
DATABASE = "mlflow.db"


class Mlflow:
    """See `trainers.loggers.api.Logger`."""

    def __init__(self, run: Run, address: str) -> None:
        self._client = MlflowClient(tracking_uri=address)
        self._name = str(noted(run, "mlflow").get("name", ""))
        self.last = self._newest_step()
        if self._name:
            self._client.update_run(self._name, status="RUNNING")
            return
        self._name = self._client.create_run(
            _experiment(self._client, run), run_name=title_of(run)
        ).info.run_id
        note(run, "mlflow", name=self._name)
        settings = [Param(_plain(k), str(v)[:LONGEST]) for k, v in config_of(run).items()]
        self._client.log_batch(self._name, params=settings)

    def scalars(self, step: int, time: float, values: dict[str, float]) -> None:
        when = round(time * 1000)
        self._client.log_batch(
            self._name, metrics=[Metric(_plain(k), v, when, step) for k, v in values.items()]
        )

    def picture(self, step: int, time: float, path: Path) -> None:
        self._client.log_artifact(self._name, str(path), "samples")

    def flush(self) -> None:
        """Everything is sent at once."""

    def close(self) -> None:
        self._client.set_terminated(self._name)

    def _newest_step(self) -> int:
        """The last step that is there; a run that was removed there begins anew."""
        if not self._name:
            return -1
        try:
            names = self._client.get_run(self._name).data.metrics
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._name = ""
            return -1
        histories = (self._client.get_metric_history(self._name, name) for name in names)
        return max((metric.step for history in histories for metric in history), default=-1)


def _experiment(client: MlflowClient, run: Run) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    local = "" if os.environ.get("MLFLOW_TRACKING_URI") else (run.folder.parent / "mlflow").as_uri()
    return str(client.create_experiment(name, artifact_location=local or None))


def _plain(name: str) -> str:
    """A name as MLflow allows them."""
    return re.sub(r"[^\w\-. /:]", "_", name)


def open_for(run: Run) -> Mlflow:
    local = f"sqlite:///{run.folder.parent / DATABASE}"
    return Mlflow(run, os.environ.get("MLFLOW_TRACKING_URI", local))
