"""The current latent drawn by a model that is still learning, over a real host in this process."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QSettings

from backends.native import describe, read_info, save
from backends.registry import families
from explorer.model.session import Session
from explorer.panels.base import Notices, Services
from explorer.panels.train import TrainPanel
from tests.panels.test_train_lab import LEFT, a_run, folder, listed, select
from trainers.api import Phase
from trainers.runs import State

__all__ = ["folder"]
TINY = {"latent": 4, "width": 4, "image_size": 16}


@pytest.fixture
def panel(qtbot, folder, thread_host, tiny_models, tmp_path):
    session = Session()
    session.set_models([read_info(path) for path in tiny_models.values()])
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    made = TrainPanel(Services(session, thread_host, SimpleNamespace(), settings, Notices()))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitUntil(lambda: made.form.choices is not None)
    yield made
    made.hide()  # it asks for no more pictures
    made.trainings.close()
    qtbot.waitUntil(lambda: not thread_host.busy)


def learn(run, step, config=TINY):
    """The run writes a model of a step, with weights of that step."""
    import torch

    torch.manual_seed(step)
    model = families()["vae"].build(config)
    save(run.model, model, replace(describe(model, name="Mine", family="vae"), step=step))


def drawn_at(qtbot, page, *steps):
    qtbot.waitUntil(lambda: tuple(step for step, _ in page.stages) == steps)


def watching(panel, qtbot, phase=Phase.STOPPED):
    run = a_run("Mine", phase)
    listed(qtbot, panel, 1)
    select(qtbot, panel, "Mine")
    panel.view.tabs.setCurrentWidget(panel.latent)
    return run, panel.latent


def test_the_current_latent_is_drawn_by_every_newer_model(panel, qtbot, thread_host):
    run, page = watching(panel, qtbot)
    assert "first checkpoint" in page.picture.hint
    session = panel.session
    session.select_model(next(path for path, info in session.models.items() if info.name == "tiny"))
    learn(run, 100)
    drawn_at(qtbot, page, 100)
    assert page.said.text() == "Step 100 draws the current latent of tiny."
    got = []
    thread_host.ask("generate", str(run.model), arrays={"codes": session.space.pack(session.code)[None]},
                    on_result=lambda reply: got.append(reply.arrays["images"][0]))  # fmt: skip
    qtbot.waitUntil(lambda: bool(got))
    assert np.array_equal(page.picture.array, got[0])

    learn(run, 200)
    drawn_at(qtbot, page, 100, 200)
    assert len(page.grid.arrays) == 1
    assert np.array_equal(page.grid.arrays[0], got[0])
    assert not np.array_equal(page.picture.array, got[0])
    session.set_value("z", 0, 2.0)  # a slider of Explore
    session.end_gesture()
    drawn_at(qtbot, page, 200)
    session.select_model(next(path for path, info in session.models.items() if info.name == "tiny-wide"))
    fits_not = "the latent of seed 0; Explore's is of another latent space"
    qtbot.waitUntil(lambda: fits_not in page.said.text())


def test_explore_can_follow_even_when_the_tab_is_hidden(panel, qtbot):
    run, page = watching(panel, qtbot, Phase.TRAINING)
    learn(run, 100)
    qtbot.waitUntil(lambda: panel.view.buttons["open"].isEnabled())
    qtbot.mouseClick(panel.view.buttons["open"], LEFT)
    session = panel.session
    qtbot.waitUntil(lambda: session.state.model == str(run.model))
    redrawn = []
    session.code_changed.connect(lambda: redrawn.append(session.model.step))
    learn(run, 200)
    drawn_at(qtbot, page, 100, 200)
    assert session.model.step == 100  # until asked to follow
    qtbot.mouseClick(page.follow, LEFT, pos=page.follow.rect().center() / 4)
    learn(run, 300)
    qtbot.waitUntil(lambda: session.model.step == 300)
    assert redrawn[-1] == 300
    panel.hide()
    learn(run, 400)
    qtbot.waitUntil(lambda: session.model.step == 400)
    run.write_state(State(Phase.STOPPED, 40, 100))
    qtbot.waitUntil(lambda: not panel.trainings._active)


def test_what_was_just_opened_is_not_offered_as_newer(panel, qtbot):
    """The training writes another model between the look at the folder and the reading of the file."""
    run, _ = watching(panel, qtbot, Phase.TRAINING)
    view = panel.view
    learn(run, 100)
    qtbot.waitUntil(lambda: view.buttons["open"].isEnabled())
    written = threading.Event()
    panel.trainings.do(written.wait)
    qtbot.mouseClick(view.buttons["open"], LEFT)
    learn(run, 200)
    written.set()
    qtbot.waitUntil(lambda: panel.session.model is not None and panel.session.model.path == str(run.model))
    assert panel.session.model.step == 200
    qtbot.waitUntil(lambda: view.detail.summary.model_time == run.model.stat().st_mtime_ns)
    assert view.buttons["open"].text() == "Open in Explore"
    learn(run, 300)
    qtbot.waitUntil(lambda: view.buttons["open"].text() == "Reload newer")
