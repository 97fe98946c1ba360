"""A model that can do everything, over a host in this process: what the panels make of slow models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.api import ModelInfo
from backends.native import describe, read_info, save
from explorer.panels.base import Services
from explorer.workers.child import Child
from explorer.workers.host_client import HostClient
from explorer.workers.in_process import start_thread
from tests.made_up import made_up_model


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> ModelInfo:
    """A made-up model of many steps, each of 4 ms."""
    return made_up_model(tmp_path_factory.mktemp("made-up"))


@pytest.fixture(scope="module")
def thread_host(qapp: object) -> Iterator[HostClient]:
    """A host in this process, which knows the made-up family."""
    client = HostClient(lambda: Child(start_thread()))
    yield client
    client.close()


@pytest.fixture
def rich(services: Services, thread_host: HostClient, made_up: ModelInfo, tmp_path: Path) -> Services:
    """Services in which the made-up model is current; the tiny ones are there too."""
    services.session.set_models([*services.session.models.values(), made_up])
    services.session.select_model(made_up.path)
    thread_host.problem.connect(services.notices.problem)
    return replace(services, host=thread_host)


@pytest.fixture(scope="session")
def flat_model(tmp_path_factory: pytest.TempPathFactory) -> ModelInfo:
    """An untrained VAE of two dimensions."""
    import torch

    from backends.registry import families

    torch.manual_seed(1)
    model = families()["vae"].build({"latent": 2, "width": 4, "image_size": 16})
    path = tmp_path_factory.mktemp("flat") / "flat.safetensors"
    save(path, model, replace(describe(model, name="flat", family="vae"), dataset="nothing"))
    return read_info(path)
