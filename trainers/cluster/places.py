"""Which cluster a run belongs to. Its address is kept outside of the run's folder, for its owner only.

What stands in `run.json` under `cluster`: a number of its own (`id`), what it was asked for (`cpus`, `gpus`,
`package`) and the name of its job. No address, no token: those that Ray wants it takes from where it always
does (`RAY_AUTH_TOKEN`, `~/.ray/auth_token`). No torch, no Ray.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import platformdirs

from backends.errors import BadSettings
from backends.files import swap
from trainers.files import read_json
from trainers.runs import Run, writing

PORT = 10001  # Ray's own for clients
PACKAGES = ("sent", "installed")
FORM = re.compile(r"(?:ray://)?(\[[0-9a-fA-F:.]+\]|[\w.\-]+)(?::(\d{1,5}))?/?")
SECRET = 0o600
NO_RAY = BadSettings("Ray is not installed here.", 'Install it: pip install "latent-explorer[cluster]"')


@dataclass(frozen=True)
class Wish:
    """What a run asks of a cluster. `package` says whether our code is sent or is there already."""

    address: str
    cpus: float = 1
    gpus: float = 0
    package: str = "sent"

    def check(self) -> None:
        """Raise `BadSettings` for what can't be."""
        parse(self.address)
        if not 1 <= self.cpus <= 4096 or self.cpus != int(self.cpus):
            raise BadSettings(f"{self.cpus:g} processors are not possible.", "Ask for 1 or more.")
        if not 0 <= self.gpus <= 4096:
            raise BadSettings(f"{self.gpus:g} GPUs are not possible.", "Ask for 0 or more.")
        if self.package not in PACKAGES:
            raise BadSettings(f"{self.package!r} is no way to the package.", "Say sent or installed.")

    def words(self) -> str:
        """`4 processors and 1 GPU`."""
        parts = [f"{self.cpus:g} processor{'s' if self.cpus != 1 else ''}"]
        parts += [f"{self.gpus:g} GPU{'s' if self.gpus != 1 else ''}"] if self.gpus else []
        return " and ".join(parts)


def parse(text: str) -> str:
    """The address `ray://HOST:PORT` that is meant. Raises `BadSettings`."""
    match = FORM.fullmatch(text.strip())
    if match is None or not 0 < int(match[2] or PORT) < 65536:
        example = "Write HOST, HOST:PORT or ray://HOST:PORT (the port of Ray's clients, 10001)."
        raise BadSettings("That is no address of a Ray cluster.", example)
    return f"ray://{match[1]}:{int(match[2] or PORT)}"


def resources(text: str, wish: Wish) -> Wish:
    """A wish with `cpus=4,gpus=1` (and `package=installed`) put in. Raises `BadSettings`."""
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = part.partition("=")
        if name == "package":
            wish = replace(wish, package=value)
            continue
        try:
            number = float(value)
        except ValueError:
            number = -1
        if name not in ("cpus", "gpus") or number < 0:
            raise BadSettings(f"{part!r} is no resource.", "Write --resources cpus=4,gpus=1.")
        wish = replace(wish, cpus=number) if name == "cpus" else replace(wish, gpus=number)
    wish.check()
    return wish


def is_installed() -> bool:
    """Whether Ray can be imported here (it isn't yet)."""
    return importlib.util.find_spec("ray") is not None


def assign(run: Run, wish: Wish) -> None:
    """Have a run done by a cluster from its next start on. Raises `BadSettings`, `CantWrite`.

    A job that it has there already stays its own: the address may have changed.
    """
    wish.check()
    if not is_installed():
        raise NO_RAY
    try:
        known = {**run.intact().get("cluster", {}), "id": number_of(run)}
    except (BadSettings, TypeError):
        known = {"id": secrets.token_hex(8), "job": ""}
    facts = {name: value for name, value in asdict(wish).items() if name != "address"}
    with writing():
        _keep(str(known["id"]), parse(wish.address))
        run.note(cluster={**known, **facts})


def wish_of(run: Run) -> Wish:
    """What a run was given by `assign`. Raises `BadSettings` when its address is not known (any more)."""
    number, noted = number_of(run), run.intact()["cluster"]
    address = read_json(_file(number)).get("address")
    if not isinstance(address, str):
        what = f"The address of the cluster of {run.name} is not known on this computer."
        raise BadSettings(what, f"Give it: python main.py train --resume {run.name} --cluster ADDRESS")
    facts = {name: noted[name] for name in ("cpus", "gpus", "package") if name in noted}
    try:
        wish = Wish(address, **facts)
        wish.check()
    except TypeError:
        raise BadSettings(f"What {run.name} asks of the cluster can't be read.", "Give it anew.") from None
    return wish


def log_of(run: Run) -> Path:
    """Where the process that follows a run writes what Ray says: it names addresses."""
    return log_named(number_of(run))


def number_of(run: Run) -> str:
    """The number by which a run's address is kept. Raises `BadSettings` for what is none."""
    noted = run.intact().get("cluster")
    number = str(noted.get("id", "")) if isinstance(noted, dict) else ""
    if not re.fullmatch(r"[0-9a-f]{16}", number):
        what = f"{run.folder / 'run.json'} has no number of a cluster's run."
        raise BadSettings(what, f"Mend it: python main.py train --resume {run.name} --cluster ADDRESS")
    return number


def log_named(name: str) -> Path:
    """A log that is the owner's only."""
    _folder().mkdir(parents=True, exist_ok=True)
    path = _folder() / f"{name}.log"
    path.touch(SECRET)
    return path


def scrub(text: str, address: str) -> str:
    """A text without the address and the token, should something have put them there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    for secret in (address, f"{host}:{port}", host, token):
        text = text.replace(secret, "the cluster") if secret else text
    return text


def _folder() -> Path:
    given = os.environ.get("LATENT_EXPLORER_HOME")
    return (Path(given) if given else Path(platformdirs.user_data_dir("latent-explorer"))) / "clusters"


def _file(number: str) -> Path:
    return _folder() / f"{number}.json"


def _keep(number: str, address: str) -> None:
    """Write the address; the file is the owner's from its first byte on."""
    path = _file(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET), "w") as file:
        json.dump({"address": address}, file)
    swap(beside, path)
