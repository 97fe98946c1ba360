"""The courier's part of a pool: makes the actors, hands them shards, brings back what they did.

The actor's class goes to the cluster by value: it uses nothing of ours until it has unpacked what was sent.
"""

from __future__ import annotations

import json
import time
from typing import Any

LOST = ("RayActorError", "ActorDiedError", "ActorUnavailableError", "WorkerCrashedError", "OutOfMemoryError")
WAIT_S = 0.5


class Crew:
    """The actors of one connection; they end with it."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.stock: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.hands: dict[int, Any] = {}
        self.pending: dict[Any, tuple[int, int]] = {}  # of each answer: worker and shard, -1 for its start

    def do(self, verb: str, content: bytes, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if verb == "collect":
            return self.collect()
        if verb == "stock":
            self.stock[given["name"]] = self.ray.put(content)
        elif verb == "employ":
            self.options = {"num_cpus": given["cpus"], "num_gpus": given["gpus"]}
            self.given = given["given"]
        elif verb == "hire":
            self.hire(given["worker"])
        else:
            answer = self.hands[given["worker"]].encode.remote(given["start"], given["stop"])
            self.pending[answer] = given["worker"], given["shard"]
        return {}, b""

    def hire(self, worker: int) -> None:
        hand = self.ray.remote(Hand).options(**self.options).remote()
        self.hands[worker] = hand
        files = [self.stock.get(name, b"") for name in ("package", "model", "data")]
        self.pending[hand.begin.remote(self.given, *files)] = worker, -1

    def collect(self) -> tuple[dict[str, Any], bytes]:
        """The next answer there is, if there is one in a moment."""
        ready, _ = self.ray.wait(list(self.pending), num_returns=1, timeout=WAIT_S)
        if not ready:
            return {}, b""
        worker, shard = self.pending.pop(ready[0])
        try:
            text, content = self.ray.get(ready[0])
        except Exception as error:
            if type(error).__name__ not in LOST:
                raise
            return self._lost(worker, shard), b""
        told = json.loads(text)
        kind = "fault" if "text" in told else "begun" if shard < 0 else "done"
        return {"kind": kind, "worker": worker, "shard": shard, **told}, content

    def _lost(self, worker: int, shard: int) -> dict[str, Any]:
        """All that a lost worker had."""
        answers = [answer for answer, (who, _) in self.pending.items() if who == worker]
        shards = [shard, *(self.pending.pop(answer)[1] for answer in answers)]
        del self.hands[worker]
        return {"kind": "lost", "worker": worker, "shards": [one for one in shards if one >= 0]}


class Hand:
    """The actor."""

    def begin(self, given: dict[str, Any], package: bytes, model: bytes, data: bytes) -> tuple[str, bytes]:
        """Unpack, load, and say what there is to encode."""
        import os
        import sys
        import tempfile
        import zipfile
        from io import BytesIO
        from pathlib import Path

        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(given["threads"])
        self.folder = tempfile.TemporaryDirectory(prefix="latent-explorer-")
        home = Path(self.folder.name)
        try:
            if package:
                zipfile.ZipFile(BytesIO(package)).extractall(home / "package")
                sys.path.insert(0, str(home / "package"))
            (home / "model.safetensors").write_bytes(model)
            (home / "data.zip").write_bytes(data)
            from trainers.cluster import baggage
            from trainers.cluster.encoder import Encoder

            if data:
                baggage.unpack(home / "data.zip", home / "data")
            os.environ.update(baggage.environment_of(home, given["threads"]))
            spec, split, limit = given["spec"], given["split"], given["limit"]
            self.encoder = Encoder(str(home / "model.safetensors"), spec, split, limit)
            facts, labels = self.encoder.facts()
        except Exception as error:  # noqa: BLE001 - boundary: Ray's server for clients knows none of our errors
            return json.dumps({"text": str(error) or repr(error)}), b""
        return json.dumps({"facts": facts}), labels

    def encode(self, start: int, stop: int) -> tuple[str, bytes]:
        begun = time.perf_counter()
        try:
            codes = self.encoder.encode(start, stop)
        except Exception as error:  # noqa: BLE001 - boundary, as above
            return json.dumps({"text": str(error) or repr(error)}), b""
        told = {"shape": list(codes.shape), "seconds": time.perf_counter() - begun}
        return json.dumps(told), codes.astype("<f4").tobytes()
