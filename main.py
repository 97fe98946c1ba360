"""Latent Explorer: `main.py [FILE …]` opens the window, `main.py VERB …` works without one."""

from __future__ import annotations

import os

# Before torch is loaded anywhere: a spinning thread pool costs 30 times the latency on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Where the physical cores can't be counted (containers), joblib would warn over our own words.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(os.cpu_count() or 1))

import argparse
import sys

from explorer import verbs


def main(arguments: list[str] | None = None) -> int:
    """Run a verb or open the window; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in verbs.names():
        return verbs.run(given[0], given[1:])
    asked = parse(given)
    if not has_display():
        print("There is no display here, so the main job is done without a window.\n")
        code = verbs.run("exercise", [])
        print(f"\nWithout a window you can also use: main.py VERB\n{verbs.overview()}")
        return code
    from explorer.workers.processes import start_host

    os.environ.update({"LATENT_EXPLORER_HOST": asked.host} if asked.host else {})
    host = None if asked.in_process else start_host()  # torch loads while Qt does
    from explorer.app import Options, run

    return run(Options(asked.files, asked.model, asked.in_process, host))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of the window."""
    helps = "-h" in arguments or "--help" in arguments
    parser = argparse.ArgumentParser(
        prog="main.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Verbs (main.py VERB --help says more):\n" + (verbs.overview() if helps else ""),
    )  # fmt: skip
    parser.add_argument("files", nargs="*", metavar="FILE", help="models, sessions or images to open")
    parser.add_argument("--model", default="", metavar="PATH", help="the model to begin with")
    parser.add_argument("--host", default="", metavar="USER@MACHINE", help="run models there, over ssh")
    parser.add_argument("--in-process", action="store_true", help="run models in a thread, for debugging")
    return parser.parse_args(arguments)


def has_display() -> bool:
    """Whether a window can be shown: only Linux may be without a display."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


if __name__ == "__main__":
    sys.exit(main())
