"""The model host as a thread and as a process: every verb, order, cancelling and faults."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends import catalog
from backends.answers import VERBS
from backends.api import Capability, LatentSpace, ModelInfo, Reply, Request
from backends.host import Host, serve
from backends.loaded import Shelf
from backends.wire import StreamClosed, read_message, write_message


class Client:
    """One end of a socket pair; the host serves the other in a thread."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.source, self.sink = ours.makefile("rb"), ours.makefile("wb")
        far = theirs.makefile("rb"), theirs.makefile("wb")
        self.thread = threading.Thread(target=serve, args=(*far, "cpu"))
        self.thread.start()
        self._ends = (ours, theirs, *far)
        self._stamps = itertools.count(1)
        self.ready = self.read()

    def read(self) -> Reply:
        head, arrays = read_message(self.source)
        return Reply(head["stamp"], head["kind"], head["data"], arrays)

    def send(self, verb: str, model: object = "", priority: int = 0, **options: Any) -> int:
        arrays = {k: options.pop(k) for k in list(options) if isinstance(options[k], np.ndarray)}
        stamp = next(self._stamps)
        head = {"verb": verb, "model": str(model), "options": options, "priority": priority, "stamp": stamp}
        write_message(self.sink, head, arrays)
        return stamp

    def ask(self, verb: str, model: object = "", **options: Any) -> tuple[Reply, list[Reply]]:
        """The last reply and those before it."""
        stamp = self.send(verb, model, **options)
        replies = [self.read()]
        while replies[-1].kind not in ("result", "error"):
            replies.append(self.read())
        assert {r.stamp for r in replies} == {stamp}
        return replies[-1], replies[:-1]

    def close(self) -> None:
        self._ends[0].shutdown(socket.SHUT_WR)
        self.thread.join(100)
        assert not self.thread.is_alive()
        for end in (self.source, self.sink, *self._ends):
            end.close()


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.close()


def codes_of(path: Path, count: int, seed: int = 0) -> np.ndarray:
    return catalog.read(path).space.sample_many(count, seed)


def test_it_says_that_it_is_ready(client: Client) -> None:
    assert client.ready.stamp == 0
    assert client.ready.data["verb"] == "ready"
    assert client.ready.data["device"] in client.ready.data["devices"]


def test_load(client: Client, shelf_folder: Path) -> None:
    result, _ = client.ask("load", shelf_folder / "vae.safetensors")
    info = ModelInfo.from_json(result.data["info"])
    assert info == catalog.read(shelf_folder / "vae.safetensors")
    assert info.classifier == str(shelf_folder / "classifier.safetensors")


@pytest.mark.parametrize("name", ["vae", "gan", "cgan"])
def test_generate_is_the_same_alone_and_in_a_crowd(name: str, client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / f"{name}.safetensors"
    codes = codes_of(path, 50)
    many, before = client.ask("generate", path, codes=codes)
    one, _ = client.ask("generate", path, codes=codes[7:8])
    images = many.arrays["images"]
    assert images.dtype == np.uint8
    assert images.shape == (50, 16, 16, 3 if name == "gan" else 1)
    assert np.abs(images[7:8].astype(int) - one.arrays["images"]).max() <= 1
    assert {r.kind for r in before} == {"progress"}
    assert many.data["seconds"] > 0
    none, _ = client.ask("generate", path, codes=codes[:0])
    assert none.arrays["images"].shape[0] == 0


def test_truncation_pulls_to_the_centre(client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / "vae.safetensors"
    pulled, _ = client.ask("generate", path, codes=codes_of(path, 3), truncation=0.0)
    centre, _ = client.ask("generate", path, codes=np.zeros((1, 6), np.float32))
    assert np.abs(pulled.arrays["images"].astype(int) - centre.arrays["images"]).max() <= 1


def test_sample_streams_named_codes(client: Client, shelf_folder: Path) -> None:
    path, judge = shelf_folder / "vae.safetensors", shelf_folder / "classifier.safetensors"
    result, parts = client.ask("sample", path, count=40, seed=3, classifier=str(judge), keep_images=False)
    assert result.data == {"count": 40}
    assert np.array_equal(np.concatenate([p.arrays["codes"] for p in parts]), codes_of(path, 40, 3))
    assert all("images" not in p.arrays for p in parts)
    fractions = [p.data["fraction"] for p in parts]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    images, _ = client.ask("generate", path, codes=codes_of(path, 40, 3))
    labels, _ = client.ask("classify", judge, images=images.arrays["images"])
    assert np.array_equal(np.concatenate([p.arrays["labels"] for p in parts]), labels.arrays["labels"])


def test_sample_of_a_conditional_model_is_labelled_by_its_code(client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / "cgan.safetensors"
    _, parts = client.ask("sample", path, count=9, seed=1)
    labels = np.concatenate([p.arrays["labels"] for p in parts])
    assert np.array_equal(labels, codes_of(path, 9, 1)[:, 5:].argmax(1))
    assert sum(len(p.arrays["images"]) for p in parts) == 9


def test_encode_takes_pictures_of_any_kind(client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / "vae.safetensors"
    for shape in ((5, 16, 16, 1), (2, 100, 60, 3), (1, 9, 30, 4)):
        pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        found = client.ask("encode", path, images=pictures)[0].arrays
        assert found["codes"].shape == (shape[0], 6)
        again, _ = client.ask("generate", path, codes=found["codes"])
        assert np.abs(again.arrays["images"].astype(int) - found["reconstructions"]).max() <= 1
        assert found["errors"].shape == (shape[0],)
        if shape == (5, 16, 16, 1):
            difference = (found["reconstructions"] / 255 - pictures / 255) ** 2
            assert np.allclose(found["errors"], difference.mean((1, 2, 3)), atol=0.005)


def test_classify(client: Client, shelf_folder: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), np.uint8)
    found = client.ask("classify", shelf_folder / "classifier.safetensors", images=pictures)[0].arrays
    assert found["features"].shape == (4, 7)
    assert found["labels"].dtype == np.int64
    assert ((found["confidence"] > 1 / 3) & (found["confidence"] <= 1)).all()


def test_directions_are_measured_once(client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / "cgan.safetensors"
    first, before = client.ask("directions", path, part="z", count=2)
    again, none = client.ask("directions", path, part="z")
    assert before
    assert not none
    assert first.arrays["directions"].shape == (2, 5)
    assert np.array_equal(first.arrays["directions"], again.arrays["directions"][:2])
    assert (np.diff(again.arrays["effects"]) <= 0).all()
    assert client.ask("directions", path, part="label")[0].kind == "error"


def test_device_and_status(client: Client, shelf_folder: Path) -> None:
    client.ask("load", shelf_folder / "vae.safetensors")
    moved, _ = client.ask("device", name="cpu")
    assert moved.data["device"] == "cpu"
    status, _ = client.ask("status")
    assert status.data["models"] == [str(shelf_folder / "vae.safetensors")]
    assert 0 < status.data["memory"]["used"] < status.data["memory"]["total"]


@pytest.mark.parametrize(
    ("verb", "model", "options", "said"),
    [
        ("sing", "", {}, "sing"),
        ("generate", "vae", {}, "codes"),
        ("generate", "vae", {"codes": np.zeros((1, 99), np.float32)}, "99"),
        ("generate", "vae", {"codes": np.full((1, 6), np.nan, np.float32)}, "finite"),
        ("generate", "classifier", {"codes": np.zeros((1, 0), np.float32)}, "generate"),
        ("generate", "missing", {"codes": np.zeros((1, 6), np.float32)}, "exist"),
        ("encode", "gan", {"images": np.zeros((1, 8, 8, 1), np.uint8)}, "encoder"),
        ("encode", "vae", {"images": np.zeros((8, 8), np.uint8)}, "uint8"),
        ("classify", "vae", {"images": np.zeros((1, 8, 8, 1), np.uint8)}, "classifier"),
        ("sample", "vae", {"count": 0}, "one"),
        ("sample", "vae", {"count": "many"}, "many"),
        ("device", "", {"name": "abacus"}, "abacus"),
        ("directions", "vae", {"part": "w"}, "'w'"),
    ],
)
def test_faults_are_answered_and_survived(
    verb: str, model: str, options: dict[str, Any], said: str, client: Client, shelf_folder: Path
) -> None:
    answer, _ = client.ask(verb, shelf_folder / f"{model}.safetensors", **options)
    assert answer.kind == "error"
    assert said in answer.data["what"] + answer.data["advice"]
    assert client.ask("status")[0].kind == "result"


def test_the_urgent_goes_before_bulk_work(shelf_folder: Path, tmp_path: Path) -> None:
    path = shelf_folder / "vae.safetensors"
    with (tmp_path / "out").open("wb") as sink:
        host = Host(Shelf("cpu"), sink)
        bulk = {"verb": "sample", "model": str(path), "options": {"count": 5000}, "priority": 10, "stamp": 1}
        host.accept(bulk, {})
        host.step()
        urgent = {"verb": "generate", "model": str(path), "priority": 0, "stamp": 2}
        host.accept(urgent, {"codes": codes_of(path, 1)})
        for _ in range(2):
            host.step()
    with (tmp_path / "out").open("rb") as source:
        heads = [read_message(source)[0] for _ in range(3)]
    assert [(h["stamp"], h["kind"]) for h in heads] == [(1, "partial"), (2, "result"), (1, "partial")]


def test_families_of_many_steps_show_partial_results(shelf_folder: Path) -> None:
    shelf, path = Shelf("cpu"), str(shelf_folder / "vae.safetensors")
    loaded = shelf.take(path)
    loaded.info = replace(loaded.info, capabilities=loaded.info.capabilities | {Capability.PARTIAL})
    loaded.model.generate_steps = lambda codes, options: (  # type: ignore[method-assign]
        torch.full((len(codes), 1, 16, 16), step / options["steps"]) for step in range(1, 4)
    )
    request = Request("generate", path, {"steps": 3}, {"codes": codes_of(Path(path), 2)}, stamp=9)
    replies = list(VERBS["generate"](shelf, request))
    assert [r.kind for r in replies] == ["partial", "partial", "result"]
    assert [int(r.arrays["images"].max()) for r in replies] == [85, 170, 255]


def test_equals_alternate(shelf_folder: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as sink:
        host = Host(Shelf("cpu"), sink)
        for stamp in (1, 2):
            options = {"count": 5000, "seed": 0}
            path = str(shelf_folder / "vae.safetensors")
            host.accept({"verb": "sample", "model": path, "options": options, "stamp": stamp}, {})
        for _ in range(6):
            host.step()
    with (tmp_path / "out").open("rb") as source:
        assert [read_message(source)[0]["stamp"] for _ in range(6)] == [1, 2, 1, 2, 1, 2]


def test_cancel_ends_a_request(client: Client, shelf_folder: Path) -> None:
    path = shelf_folder / "vae.safetensors"
    bulk = client.send("sample", path, priority=10, count=1_000_000, seed=0)
    assert client.read().stamp == bulk
    write_message(client.sink, {"verb": "cancel", "stamp": bulk}, {})
    status = client.send("status")
    while client.read().stamp == bulk:
        pass
    follow = client.send("status")
    assert client.read().stamp == follow > status


def test_a_newer_file_is_seen(client: Client, shelf_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes((shelf_folder / "vae.safetensors").read_bytes())
    assert client.ask("load", path)[0].data["info"]["family"] == "vae"
    path.write_bytes((shelf_folder / "gan.safetensors").read_bytes())
    assert client.ask("load", path)[0].data["info"]["family"] == "gan"
    assert client.ask("status")[0].data["models"] == [str(path)]


def test_noise_on_the_stream_ends_the_host_quietly(client: Client) -> None:
    client.sink.write(b"\0" * 64)
    client.sink.flush()
    client.thread.join(100)
    assert not client.thread.is_alive()


def test_the_process_keeps_prints_out_of_the_stream_and_ends_with_its_input(shelf_folder: Path) -> None:
    code = "import backends.host as h; import os\nserve = h.serve\n"
    code += "h.serve = lambda *a: (print('noise'), os.write(1, b'more noise'), serve(*a))\nh.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    head, _ = read_message(process.stdout)  # type: ignore[arg-type]
    assert head["data"]["verb"] == "ready"
    path = shelf_folder / "vae.safetensors"
    request = {"verb": "generate", "model": str(path), "stamp": 5}
    write_message(process.stdin, request, {"codes": codes_of(path, 2)})  # type: ignore[arg-type]
    head, arrays = read_message(process.stdout)  # type: ignore[arg-type]
    while head["kind"] == "progress":  # a slow machine is told how far it is
        head, arrays = read_message(process.stdout)  # type: ignore[arg-type]
    assert (head["stamp"], head["kind"]) == (5, "result"), head["data"]
    assert arrays["images"].shape == (2, 16, 16, 1)
    process.stdin.close()
    with pytest.raises(StreamClosed):
        read_message(process.stdout)  # type: ignore[arg-type]
    assert process.wait(100) == 0
    assert b"more noise" in process.stderr.read()
    process.stdout.close()
    process.stderr.close()


def test_the_info_that_travels_is_whole(client: Client, shelf_folder: Path) -> None:
    for name in ("vae", "cgan", "classifier"):
        data = client.ask("load", shelf_folder / f"{name}.safetensors")[0].data["info"]
        assert isinstance(ModelInfo.from_json(data).space, LatentSpace)
