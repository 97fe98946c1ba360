"""What the model host is told besides packed codes: knobs, truncation and quality. No Qt."""

from __future__ import annotations

from typing import Any

from backends.api import Code

PREVIEW, FULL = "preview", "full"


def options_of(code: Code | None, quality: str = FULL) -> dict[str, Any]:
    """The options with which a code is generated: its knobs and its truncation.

    `quality` matters to families that take many steps: `preview` while a hand moves and for many
    pictures at once, `full` for the one that is looked at. Without a code there are no knobs.
    """
    if code is None:
        return {"truncation": 1.0, "quality": quality}
    return {**code.options, "truncation": code.truncation, "quality": quality}


def settled_options(code: Code | None, quality: str = FULL) -> dict[str, Any]:
    """The same for packed codes that have truncation worked in already: walks, mixes, points of a map."""
    return {**options_of(code, quality), "truncation": 1.0}
