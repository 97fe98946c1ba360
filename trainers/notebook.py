"""Training from Python, in a few lines of a notebook or script.

```python
from trainers.notebook import train

run = train("vae", "digits", steps=500, latent=2)
steps, loss = run.curve("loss")
model = run.model()
```

The training is a process of its own, like those of the window: it is seen there too, and outlives the
notebook unless it is waited for.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadRequest
from trainers import changes, queued, runs
from trainers.api import Command, Phase
from trainers.registry import trainer
from trainers.runs import Run, State
from trainers.stopping import Ending

if TYPE_CHECKING:
    from backends.model import Model

LOOK_S = 0.1
LINE_S = 5.0


def train(
    family: str,
    data: str,
    *,
    name: str = "",
    folder: Path | None = None,
    wait: bool = True,
    queue: bool = False,
    **settings: Any,
) -> Training:
    """Train a family (or preset) on the data of a spec; returns when it has ended, unless `wait` is false.

    Raises `BadSettings` for settings that can't work, and `BadRequest` with the reason when it fails.
    """
    asked = trainer(family).INFO.settings.from_mapping(settings)
    training = Training(runs.create(family, data, asked, name, folder=folder))
    if queue:
        queued.add(training.run)
    else:
        runs.start(training.run)
    return training.wait() if wait else training


def find(name: str) -> Training:
    """A run of earlier, or of the window. Raises `BadRequest` naming those there are."""
    return Training(runs.find(name))


class Training:
    """A run in hand: ask it, change it, read what it measured."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __repr__(self) -> str:
        state = self.state
        return f"<Training {self.run.name}: {state.phase}, step {state.step} of {state.steps}>"

    @property
    def state(self) -> State:
        """Where it stands now."""
        return self.run.state()

    def wait(self, *, say: bool = False) -> Training:
        """Wait until it has ended. Raises `BadRequest` with the reason when it could not."""
        said = time.monotonic()
        while (state := self.state).phase.live or state.phase is Phase.QUEUED:
            queued.start_next(self.run.folder.parent)
            if say and time.monotonic() - said > LINE_S:
                said = time.monotonic()
                print(repr(self), flush=True)  # noqa: T201 - asked for
            time.sleep(LOOK_S)
        if state.phase in (Phase.FAILED, Phase.INTERRUPTED):
            raise BadRequest(f"{self.run.name} {state.phase}: {state.message or self.run.last_words()}")
        return self

    def pause(self) -> None:
        """Stop computing, but stay loaded."""
        self.run.send(Command.PAUSE)

    def stop(self) -> Training:
        """End it with a checkpoint and a model; returns when its process is gone."""
        ending = Ending.begin(self.run)
        while not ending.look():
            time.sleep(LOOK_S)
        return self

    def resume(self, *, wait: bool = True, **settings: Any) -> Training:
        """Go on, with other settings where given; they are on the record. Raises `BadSettings`."""
        if settings:
            self.change(**settings)
        if self.state.phase is Phase.PAUSED:
            self.run.send(Command.RESUME)
        else:
            runs.start(self.run)
        return self.wait() if wait else self

    def change(self, **settings: Any) -> list[str]:
        """Change settings, at once where it is being trained; what changes. Raises `BadSettings`."""
        return changes.ask(self.run, trainer(str(self.run.intact()["family"])).INFO.settings, settings)

    def curve(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and values of one measurement, both `[n]`. Raises `BadRequest` naming those there are."""
        lines = self.run.metrics()
        found = [(line["step"], line[name]) for line in lines if name in line]
        if not found:
            names = dict.fromkeys(key for line in lines for key in line if key not in ("step", "seconds"))
            raise BadRequest(
                f"Nothing named {name!r} was measured.", f"There are: {', '.join(names) or 'none'}."
            )
        steps, values = zip(*found, strict=True)
        return np.array(steps, np.int64), np.array(values, np.float64)

    @property
    def figures(self) -> dict[str, float]:
        """What was measured of the finished model."""
        from backends.native import read_info

        return dict(read_info(self.run.model).figures)

    def model(self) -> Model:
        """The newest model, ready to generate. Raises `BadModel` while there is none."""
        from backends.native import load

        return load(self.run.model)
