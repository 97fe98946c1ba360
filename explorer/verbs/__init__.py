"""What `main.py` does without a window: one file a verb, with `HELP`, `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from types import ModuleType

from backends.errors import ExplorerError

EXIT_ERROR, EXIT_INTERRUPTED = 2, 130


def names() -> list[str]:
    """The verbs there are (nothing is imported)."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The module of a verb."""
    return importlib.import_module(f"explorer.verbs.{name.replace('-', '_')}")


def overview() -> str:
    """One line for each verb."""
    return "\n".join(f"  {name:<12} {load(name).HELP}" for name in names())


def run(name: str, arguments: list[str]) -> int:
    """Run a verb; its exit code. What people can mend is one sentence on the error stream and code 2."""
    verb = load(name)
    parser = argparse.ArgumentParser(prog=f"main.py {name}", description=verb.HELP)
    verb.add_arguments(parser)
    try:
        return int(verb.run(parser.parse_args(arguments)))
    except ExplorerError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_ERROR
    except OSError as error:  # a folder that can't be written, a full disk
        print(f"{name}: {error.filename or 'A file'}: {error.strerror or error}.", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
