"""Another machine whose processor or GPU holds the models: its name, the way there, what can go wrong. No Qt.

The way is the ssh of this machine, so names, ports, keys and jump hosts are those of `~/.ssh/config`. No port
is opened, and no password is ever asked for. Or it is a Ray cluster (`ray://HOST:PORT`), where an actor does
what the other machine would (`trainers.cluster.pipe`).
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass

from backends.errors import BadRequest, BadSettings
from trainers.cluster.places import NO_RAY, is_installed, parse

ADDRESS, PYTHON = "LATENT_EXPLORER_HOST", "LATENT_EXPLORER_HOST_PYTHON"
SSH = (
    "ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=3", "-o", "ClearAllForwardings=yes", "--",
)  # fmt: skip
RAY = "ray://"
OWN_PYTHON = ".venv/bin/python"  # of a folder in which `make` was run
NO_CONNECTION = 255  # how ssh itself ends
LEAST_WORDS = 300  # characters of the far side's last words that are shown


@dataclass(frozen=True)
class Machine:
    """`address` is `user@machine` as ssh takes it, `folder` where Latent Explorer lies there."""

    address: str
    folder: str = ""
    python: str = ""

    @staticmethod
    def parse(text: str, python: str = "") -> Machine:
        """A machine from `user@machine[:folder]` or `ray://HOST:PORT`. Raises `BadRequest`."""
        if text.strip().startswith(RAY):
            return Machine(_cluster(text))
        before, bracket, after = text.strip().partition("]")
        address, _, folder = after.partition(":") if bracket else before.partition(":")
        address = before + bracket + address if bracket else address
        if not address or address.startswith("-") or any(c.isspace() for c in address):
            raise BadRequest(f"{text!r} is not a machine.", "Write user@machine or user@machine:folder.")
        return Machine(address, folder.strip(), python.strip())

    @staticmethod
    def of_environment() -> Machine | None:
        """The machine that `LATENT_EXPLORER_HOST` names, None where it names none. Raises `BadRequest`."""
        text = os.environ.get(ADDRESS, "")
        return Machine.parse(text, os.environ.get(PYTHON, "")) if text.strip() else None

    @property
    def name(self) -> str:
        """What it is called in sentences: without the user."""
        return "the cluster" if self.is_cluster else self.address.rpartition("@")[2]

    @property
    def is_cluster(self) -> bool:
        return self.address.startswith(RAY)

    @property
    def text(self) -> str:
        """What `parse` reads."""
        return f"{self.address}:{self.folder}" if self.folder else self.address

    @property
    def environment(self) -> dict[str, str]:
        """What `of_environment` reads."""
        return {ADDRESS: self.text, PYTHON: self.python}

    @property
    def command(self) -> list[str]:
        """The command that starts a model host there and speaks with it on its standard streams."""
        if self.is_cluster:
            return [sys.executable, "-m", "trainers.cluster.pipe", self.address]
        python = self.python or (OWN_PYTHON if self.folder else "python3")
        start = f"exec env OMP_WAIT_POLICY=PASSIVE {_quoted(python)} -m backends.host --far"
        return [*SSH, self.address, f"cd {_quoted(self.folder)} && {start}" if self.folder else start]


@dataclass(frozen=True)
class Failure:
    """Why there is no connection: what happened, what to do, and whether trying again is of no use."""

    what: str
    advice: str
    lasting: bool = False


def explain(machine: Machine, code: int | None, said: str) -> Failure:
    """The reason why ssh ended with `code`, having `said` this on its error stream."""
    name, low = machine.name, said.lower()
    if machine.is_cluster and not is_installed():
        return Failure(NO_RAY.what, NO_RAY.advice, True)
    if code == NO_CONNECTION or code is None or code < 0:
        return _no_connection(machine, said, low)
    if code in (126, 127) or "no such file or directory" in low or "can't cd to" in low:
        return Failure(
            f"{name} has no such folder or Python: {_last(said)}",
            "Give the folder in which Latent Explorer lies there, and its interpreter.", True)  # fmt: skip
    if "no module named" in low:
        return Failure(
            f"The Python of {name} finds no Latent Explorer: {_last(said)}",
            "Install it there, or give its folder (user@machine:folder) and run make there once.",
            True)  # fmt: skip
    return Failure(f"The model host on {name} ended: {_last(said)}", "Look at its last words.", True)


def _cluster(text: str) -> str:
    try:
        return parse(text)
    except BadSettings as error:
        raise BadRequest(error.what, error.advice) from None


def _no_connection(machine: Machine, said: str, low: str) -> Failure:
    name = machine.name
    if "permission denied" in low:
        return Failure(
            f"{name} does not let you in without a password.",
            f"Set up a key: ssh-copy-id {machine.address}.", True)  # fmt: skip
    if "host key verification failed" in low:
        return Failure(
            f"The key of {name} isn't known here, or has changed.",
            f"Connect once in a terminal: ssh {machine.address}.", True)  # fmt: skip
    if "could not resolve" in low:
        return Failure(f"There is no machine named {name}.", "Check the name and the network.")
    return Failure(f"The connection to {name} is lost.", _last(said) or "Check the network.")


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:LEAST_WORDS] if lines else ""


def _quoted(path: str) -> str:
    """A path for the far shell, which knows the home folder behind `~/`."""
    if path in ("~", "~/"):
        return "~"
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)
