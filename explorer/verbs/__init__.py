"""What `main.py` does without a window: one file a verb, with `HELP`, `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from types import ModuleType

from backends.errors import ExplorerError
from explorer.workers.remote import ADDRESS, Machine

EXIT_ERROR, EXIT_INTERRUPTED = 2, 130
HOST_HELP = (
    "run models elsewhere: over ssh (user@machine, user@machine:folder) or in a cluster (ray://HOST:PORT)"
)


def names() -> list[str]:
    """The verbs there are (nothing is imported)."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The module of a verb."""
    return importlib.import_module(f"explorer.verbs.{name.replace('-', '_')}")


def overview() -> str:
    """One line for each verb."""
    return "\n".join(f"  {name:<12} {load(name).HELP}" for name in names())


def parser(name: str) -> argparse.ArgumentParser:
    """What reads the arguments of a verb."""
    verb = load(name)
    made = argparse.ArgumentParser(prog=f"main.py {name}", description=verb.HELP)
    verb.add_arguments(made)
    if "Host" in vars(verb):  # it runs models
        made.add_argument("--host", default="", metavar="USER@MACHINE", help=HOST_HELP)
    return made


def run(name: str, arguments: list[str]) -> int:
    """Run a verb; its exit code. What people can mend is one sentence on the error stream and code 2."""
    asks = parser(name)
    try:
        asked = asks.parse_args(arguments)
        if getattr(asked, "host", ""):
            os.environ[ADDRESS] = Machine.parse(asked.host).text
        return int(load(name).run(asked))
    except ExplorerError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_ERROR
    except OSError as error:  # a folder that can't be written, a full disk
        print(f"{name}: {error.filename or 'A file'}: {error.strerror or error}.", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
