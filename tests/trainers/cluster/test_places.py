"""What a run asks of a cluster, where its address is kept, and what is sent along."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save

from backends.errors import BadData, BadSettings
from explorer.verbs import run as verb
from tests.trainers.conftest import Make
from trainers import queued, runs
from trainers.api import Phase
from trainers.checkpoints import BLANK
from trainers.cluster import baggage, places
from trainers.cluster.places import Wish


@pytest.fixture
def with_ray(monkeypatch):
    """As if Ray were installed; nothing here imports it."""
    monkeypatch.setattr(places, "is_installed", lambda: True)


@pytest.mark.parametrize(
    ("text", "address"),
    [("head", "ray://head:10001"), (" ray://10.0.0.7:123 ", "ray://10.0.0.7:123"), ("[::1]:9", "ray://[::1]:9"),
     ("a-b.example.org:10001/", "ray://a-b.example.org:10001")],
)  # fmt: skip
def test_addresses(text, address):
    assert places.parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "http://head:8265", "head:0", "head:99999", "me@head", "head; rm -rf", "-x:"]
)
def test_what_is_no_address_is_refused_without_repeating_it(text):
    if text == "-x:":
        text = "ray://"
    with pytest.raises(BadSettings, match="no address") as refused:
        places.parse(text)
    assert not text or text not in refused.value.what


def test_resources():
    wish = places.resources("cpus=4, gpus=0.5,package=installed", Wish("head"))
    assert (wish.cpus, wish.gpus, wish.package) == (4, 0.5, "installed")
    assert wish.words() == "4 processors and 0.5 GPUs"
    for text in ("cpus", "cpus=many", "cpus=0", "cpus=1.5", "gpus=-1", "ram=3", "package=stolen"):
        with pytest.raises(BadSettings):
            places.resources(text, Wish("head"))


def test_the_address_is_kept_outside_of_the_run_for_its_owner_only(make: Make, with_ray, tmp_path):
    run = make()
    places.assign(run, Wish("secret.example.org:4711", 2, 1))
    assert places.wish_of(run) == Wish("ray://secret.example.org:4711", 2, 1)
    (kept,) = (places._folder()).glob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not any(b"secret" in path.read_bytes() for path in run.folder.rglob("*") if path.is_file())
    number = run.asked()["cluster"]["id"]
    places.assign(run, Wish("elsewhere"))
    assert run.asked()["cluster"]["id"] == number
    assert places.wish_of(run).address == "ray://elsewhere:10001"


def test_an_address_that_is_not_known_here_is_asked_for(make: Make, with_ray):
    run = make()
    places.assign(run, Wish("head"))
    for path in places._folder().glob("*.json"):
        path.write_text("{")
    with pytest.raises(BadSettings, match="--cluster ADDRESS"):
        places.wish_of(run)
    for odd in ({"id": "../../etc/passwd"}, {}, {"id": 7}):
        run.note(cluster=odd)
        for ask in (places.wish_of, places.log_of, runs.start):
            with pytest.raises(BadSettings, match="--cluster ADDRESS"):
                ask(run)
    places.assign(run, Wish("head"))
    assert places.wish_of(run).address == "ray://head:10001"


def test_sentences_are_without_address_and_token(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "t0ken-of-mine")
    text = "ray://head.example.org:10001 at head.example.org said t0ken-of-mine"
    assert places.scrub(text, "ray://head.example.org:10001") == "the cluster at the cluster said the cluster"


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed here")
def test_without_ray_a_sentence_says_what_to_install_and_nothing_is_made(capsys, make: Make, tmp_path):
    assert verb("train", ["vae", "--data", "digits", "--cluster", "head"]) == 2
    assert 'pip install "latent-explorer[cluster]"' in capsys.readouterr().err
    assert not runs.list_runs()
    with pytest.raises(BadSettings, match="not installed"):
        places.assign(make(), Wish("head"))


def test_resources_want_a_cluster(capsys):
    assert verb("train", ["vae", "--data", "digits", "--resources", "cpus=2"]) == 2
    assert "--cluster ADDRESS" in capsys.readouterr().err


def test_a_far_run_takes_no_room_here_and_waits_for_none(make: Make, with_ray, monkeypatch):
    from trainers.processes import birth

    far, here, next_one = make(), make(), make()
    places.assign(far, Wish("head"))
    queued.set_at_once(1, far.folder.parent)
    state = far.state()
    state.phase, state.pid, state.started = Phase.TRAINING, os.getpid(), birth(os.getpid())
    far.write_state(state)
    assert far.phase() is Phase.TRAINING
    assert queued.room(here).fits
    here.write_state(state)
    assert not queued.room(next_one).fits
    places.assign(next_one, Wish("head"))
    assert queued.room(next_one).fits
    for run in (far, here):
        state.phase = Phase.STOPPED
        run.write_state(state)


def test_the_package_that_is_sent_is_enough_to_begin(tmp_path):
    content = baggage.package({"data": "digits"})
    assert content == baggage.package({"data": "digits"})
    assert len(content) < 3e6
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path)
    assert not list(tmp_path.rglob("*.safetensors"))
    code = "import sys, trainers.cluster.job as j, trainers.cluster.host, trainers.cluster.courier; "
    code += "import trainers.host, trainers.cluster.pool; "
    code += "print(j.__file__, {'torch', 'ray'} & set(sys.modules) or 'light')"
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True,
                          capture_output=True, check=True)  # fmt: skip
    assert done.stdout.split() == [str(tmp_path / "trainers/cluster/job.py"), "light"]


def test_a_package_that_is_too_large_is_not_sent(monkeypatch):
    monkeypatch.setattr(baggage, "PACKAGE_LIMIT", 1000)
    with pytest.raises(BadSettings, match="package=installed"):
        baggage.package({"data": "digits"})


def test_small_data_go_along_and_large_ones_are_told(tmp_path, monkeypatch):
    path = tmp_path / "my data" / "faces.npz"
    path.parent.mkdir()
    np.savez(path, images=np.zeros((4, 8, 8), np.uint8))
    spec, content, sentence = baggage.data_of({"data": f"npz:{path}:classes=0-1"})
    assert (spec, sentence) == ("npz:faces.npz:classes=0-1", "")
    sent = tmp_path / "data.zip"
    sent.write_bytes(content)
    baggage.unpack(sent, tmp_path / "there")
    assert (tmp_path / "there" / "faces.npz").read_bytes() == path.read_bytes()
    assert baggage.data_of({"data": "digits"}) == ("digits", b"", "")
    assert baggage.data_of({"data": "npz:/only/there.npz"}) == ("npz:/only/there.npz", b"", "")
    monkeypatch.setattr(baggage, "DATA_LIMIT", 10)
    spec, content, sentence = baggage.data_of({"data": f"npz:{path}"})
    assert (spec, content) == (f"npz:{path}", b"")
    assert "under the same path" in sentence


def test_a_damaged_or_hostile_archive_is_refused(tmp_path):
    sent = tmp_path / "data.zip"
    for content, words in ((b"PK nonsense", "unpacked"), (hostile(), "outside")):
        sent.write_bytes(content)
        with pytest.raises(BadData, match=words):
            baggage.unpack(sent, tmp_path / "there")
    assert not (tmp_path / "evil.txt").exists()


def hostile() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil.txt", "evil")
    return buffer.getvalue()


def test_only_checkpoints_that_are_whole_go_along(make: Make):
    run = make()
    for step in (10, 20, 30, 40):
        content = save({"network/model/w": np.ones(3)}, {"checksum": BLANK})  # as `trainers.checkpoints` does
        content = content.replace(BLANK.encode(), hashlib.sha256(content).hexdigest().encode())
        (run.folder / "checkpoints" / f"{step:07d}.safetensors").write_bytes(content)
    damaged = run.checkpoints()[2]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    assert [path.stem for path in baggage.checkpoints_of(run)] == ["0000020", "0000040"]
    assert not baggage.is_whole(b"")
    assert not baggage.is_whole((10**9).to_bytes(8, "little") + json.dumps([]).encode())
