"""Another machine for tests: a fake `ssh` that runs what it is told on this one.

`ssh` is a script in a folder of its own, put first in PATH. It keeps the far side's files elsewhere, counts
its starts, and can be made slow, deaf or short of breath by files beside it:

- `refuse`: its text is the error that ssh prints before it ends with 255;
- `rate`: bytes a second that come back from the far side;
- `die_after`: bytes that come back before the connection breaks (once).
"""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """#!{python}
import os, subprocess, sys, threading, time
folder = {folder!r}
def told(name):
    try:
        return open(os.path.join(folder, name)).read()
    except OSError:
        return ""
with open(os.path.join(folder, "starts"), "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if told("refuse"):
    sys.stderr.write(told("refuse") + "\\n")
    sys.exit(255)
environment = {{**os.environ, "LATENT_EXPLORER_CACHE": os.path.join(folder, "far"), "PYTHONPATH": {root!r}}}
environment.pop("LATENT_EXPLORER_HOST", None)
command = sys.argv[-1].replace("python3", {python!r}, 1)
if not told("rate") and not told("die_after"):
    os.chdir(folder)
    os.execve("/bin/sh", ["sh", "-c", command], environment)
far = subprocess.Popen(["sh", "-c", command], stdin=0, stdout=subprocess.PIPE, env=environment, cwd=folder)
rate, left = float(told("rate") or 1e9), int(told("die_after") or 1 << 60)
while chunk := os.read(far.stdout.fileno(), 1024):
    if len(chunk) > left:
        os.remove(os.path.join(folder, "die_after"))
        sys.stderr.write("client_loop: send disconnect: Broken pipe\\n")
        sys.stderr.flush()
        os._exit(255)
    left -= len(chunk)
    time.sleep(len(chunk) / rate)
    os.write(1, chunk)
sys.exit(far.wait())
"""


@dataclass
class FarMachine:
    """`folder` holds the script and what it is told."""

    folder: Path

    @property
    def starts(self) -> list[str]:
        """What each ssh was asked, oldest first."""
        path = self.folder / "starts"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def received(self) -> list[Path]:
        """The models that were copied to it."""
        return sorted((self.folder / "far" / "received").glob("*.safetensors"))

    def tell(self, name: str, text: object) -> None:
        (self.folder / name).write_text(str(text))


def make(folder: Path) -> FarMachine:
    """Write the script; put `folder` into PATH to use it."""
    script = folder / "ssh"
    script.write_text(SCRIPT.format(python=sys.executable, folder=str(folder), root=str(ROOT)))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return FarMachine(folder)


def path_with(machine: FarMachine) -> str:
    return f"{machine.folder}{os.pathsep}{os.environ['PATH']}"
