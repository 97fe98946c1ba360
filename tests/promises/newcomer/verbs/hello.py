"""`hello NAME`: the smallest verb."""

from __future__ import annotations

import argparse
import sys

HELP = "greet somebody"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="whom")


def run(args: argparse.Namespace) -> int:
    sys.stdout.write(f"Hello {args.name}\n")
    return 0
