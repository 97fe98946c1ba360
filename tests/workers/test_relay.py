"""A model host at the other end of a (fake) ssh: the same answers, over fast, slow and breaking lines."""

import numpy as np
import pytest

from backends import native
from backends.catalog import BUNDLED, read
from backends.errors import ExplorerError
from backends.loaded import Loaded
from backends.store import checksum
from explorer.workers import far_process, relay, remote
from explorer.workers.headless import Host
from explorer.workers.host_client import HostClient
from explorer.workers.launch import launch_far_host, launch_host
from explorer.workers.remote import Machine
from tests.workers import far_machine

WAIT = 60_000


@pytest.fixture
def far(tmp_path, monkeypatch):
    folder = tmp_path / "machine"
    folder.mkdir()
    made = far_machine.make(folder)
    monkeypatch.setenv("PATH", far_machine.path_with(made))
    monkeypatch.setenv("LATENT_EXPLORER_HOST", "me@gpu")
    return made


@pytest.fixture
def client(qtbot, far):
    made = []

    def start():
        made.append(HostClient(lambda: launch_far_host(Machine.parse("me@gpu"))))
        return made[0]

    yield start
    for one in made:
        one.close()


def codes_of(path, count=6):
    info = read(path)
    return info, info.space.sample_many(count, 3)


def here(info, codes):
    """What this process makes of codes."""
    return Loaded(info, native.load(info.path), "cpu").images(codes, {})


@pytest.mark.slow
def test_a_model_is_copied_once(far, tiny_models):
    info, codes = codes_of(tiny_models["tiny"])
    for _ in range(2):
        with Host() as host:
            np.testing.assert_array_equal(host.generate(info, codes), here(info, codes))
            loaded = host.call("load", info.path).data["info"]
    assert loaded["path"] == info.path
    assert loaded["name"] == info.name
    assert [path.stem for path in far.received] == [checksum(info.path)]
    assert len(far.starts) == 2
    assert far.starts[0].endswith("me@gpu exec env OMP_WAIT_POLICY=PASSIVE python3 -m backends.host --far")


@pytest.mark.slow
def test_a_model_that_the_other_machine_has_is_not_copied_and_errors_come_over(far):
    info, codes = codes_of(sorted(BUNDLED.glob("*vae*.safetensors"))[0], 2)
    with Host() as host:
        assert host.generate(info, codes).shape == (2, *info.image_shape)
        with pytest.raises(ExplorerError, match="reads"):
            host.call("generate", info.path, arrays={"codes": codes[:, :1]})
        with pytest.raises(ExplorerError, match="doesn't exist"):
            host.call("load", "/no/such/model.safetensors")
        assert host.call("status").data["models"] == [info.name]
    assert not far.received


def test_a_machine_that_refuses_is_a_sentence(far):
    far.tell("refuse", "me@gpu: Permission denied (publickey).")
    with Host() as host, pytest.raises(ExplorerError, match=r"does not let you in.*ssh-copy-id me@gpu"):
        host.call("status")
    assert len(far.starts) == 1


@pytest.mark.slow
def test_a_machine_that_is_not_there_is_tried_thrice(far, capfd):
    far.tell("refuse", "ssh: connect to host gpu port 22: Connection refused")
    with Host() as host, pytest.raises(ExplorerError, match=r"connection to gpu is lost.*Connection refused"):
        host.call("status")
    assert len(far.starts) == 3
    assert "It is tried again" in capfd.readouterr().err


def test_a_connection_that_breaks_comes_back_and_everything_is_answered(far, tiny_models, client, qtbot):
    far.tell("die_after", 200_000)
    host, problems, shown = client(), [], []
    host.problem.connect(lambda what, advice: problems.append(f"{what} {advice}"))
    info, codes = codes_of(tiny_models["tiny"], 400)
    qtbot.waitUntil(lambda: host.state == "ready", timeout=WAIT)
    assert host.line.machine == "gpu"
    results = []
    for _ in range(3):
        host.ask("generate", info.path, arrays={"codes": codes}, on_result=results.append)
    host.show("picture", "generate", info.path, arrays={"codes": codes[:1]}, on_result=shown.append)
    qtbot.waitUntil(lambda: len(results) == 3 and bool(shown), timeout=WAIT)
    assert len(far.starts) == 2
    assert any("connection to gpu is lost" in text for text in problems)
    assert host.state == "ready"
    for reply in results:
        np.testing.assert_array_equal(reply.arrays["images"], here(info, codes))


@pytest.mark.slow
def test_samples_that_were_half_there_say_so(far, tiny_models, client, qtbot):
    far.tell("die_after", 400_000)
    host, errors, partials = client(), [], []
    info = read(tiny_models["tiny"])
    host.ask("sample", info.path, options={"count": 50_000, "seed": 0}, on_partial=partials.append,
             on_result=errors.append, on_error=errors.append)  # fmt: skip
    qtbot.waitUntil(lambda: bool(errors), timeout=WAIT)
    assert partials
    assert "in the middle" in errors[0].data["what"]


@pytest.mark.slow
def test_a_slider_overtakes_bulk_on_a_slow_line(far, tiny_models, client, qtbot):
    """200 kB a second: a million bytes of bulk must not stand before the picture."""
    far.tell("rate", 200_000)
    host = client()
    info, codes = codes_of(tiny_models["tiny-wide"], 3000)
    order, shown = [], []
    host.ask("load", info.path, on_result=shown.append)
    qtbot.waitUntil(lambda: bool(shown), timeout=WAIT)
    host.ask("generate", info.path, arrays={"codes": codes}, on_result=lambda r: order.append("bulk"))
    for value in range(5):
        host.show("picture", "generate", info.path, arrays={"codes": codes[value : value + 1]},
                  options={"quality": "preview", "lossy": True},
                  on_result=lambda r, value=value: order.append(value))  # fmt: skip
    qtbot.waitUntil(lambda: "bulk" in order, timeout=WAIT)
    assert order.index(4) < order.index("bulk")
    assert 100_000 < host.line.rate < 400_000


@pytest.mark.slow
def test_there_and_back_again(far, tiny_models, client, qtbot):
    """On demand the host of this machine takes over, with all that was asked of the other one."""
    far.tell("refuse", "Host key verification failed.")
    host, problems, got = client(), [], []
    host.problem.connect(lambda what, advice: problems.append(f"{what} {advice}"))
    info, codes = codes_of(tiny_models["tiny"])
    host.ask("generate", info.path, arrays={"codes": codes}, on_result=got.append)
    qtbot.waitUntil(lambda: host.state == "failed", timeout=WAIT)
    assert "ssh me@gpu" in problems[0]
    assert not got
    host.move_to(launch_host)
    qtbot.waitUntil(lambda: bool(got), timeout=WAIT)
    assert not host.line.far
    (far.folder / "refuse").unlink()
    host.move_to(lambda: launch_far_host(Machine.parse("me@gpu")), "gpu")
    host.ask("generate", info.path, arrays={"codes": codes}, on_result=got.append)
    qtbot.waitUntil(lambda: len(got) == 2, timeout=WAIT)
    assert host.line.far
    np.testing.assert_array_equal(got[0].arrays["images"], got[1].arrays["images"])
    assert len(problems) == 1


def test_nothing_of_it_needs_torch_or_qt():
    import subprocess
    import sys

    names = [module.__name__ for module in (relay, far_process, remote)]
    code = f"import {', '.join(names)}, sys; print([m for m in ('torch', 'PySide6') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
