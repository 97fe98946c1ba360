"""Fetch one file with progress and a checksum; a half file never gets the final name."""

from __future__ import annotations

import hashlib
import http.client
import os
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from backends.errors import BadData
from trainers.data.api import Progress

CHUNK = 1 << 18
TIMEOUT = 20  # seconds without a byte


def fetch(
    urls: list[str], target: Path, md5: str, progress: Progress, start: float = 0.0, share: float = 1.0
) -> None:
    """Download `target` from the first of `urls` that works. Raises `BadData` when none does.

    Progress runs from `start` to `start + share`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    problems = []
    for url in urls:
        try:
            found = _save(
                url, partial, lambda done: progress(start + share * done, f"Downloading {target.name}")
            )
            if md5 and found != md5:
                raise OSError("what came has another checksum; the download was cut off or changed")
            partial.replace(target)
            return
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{url}: {error}")
        finally:
            partial.unlink(missing_ok=True)
    raise BadData(
        f"{target.name} could not be downloaded ({'; '.join(problems)}).",
        f"Check the network, or put the file into {target.parent} yourself.",
    )


def _save(url: str, partial: Path, progress: Callable[[float], None]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    request = Request(url, headers={"User-Agent": "latent-explorer"})
    with urlopen(request, timeout=TIMEOUT) as answer, partial.open("wb") as out:
        total, got = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(CHUNK):
            out.write(chunk)
            digest.update(chunk)
            got += len(chunk)
            progress(got / total if total else 0.0)
    if total and got < total:
        raise OSError(f"it broke off after {got} of {total} bytes")
    return digest.hexdigest()
