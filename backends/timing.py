"""How long a bare forward pass takes: what `bench` puts beside the window. No torch until it runs.

`python -m backends.timing MODEL` reads lines of JSON `{"count": 20, "pause": 0.04}` and answers each
with the milliseconds of `count` passes of one code, as a person's script would make them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from backends.space import Array


def forward(path: str) -> tuple[Callable[[Array], np.ndarray[Any, Any]], Array]:
    """A function from one code `[D]` to its image uint8 `[H, W, C]`, and a code to begin with."""
    import torch

    from backends import native

    model = native.load(path)

    def generate(code: Array) -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            image = model.generate(torch.from_numpy(code)[None], {})[0]
            return image.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()

    return generate, model.space.sample_many(1, 0)[0]


def main(path: str) -> None:
    generate, code = forward(path)
    generate(code)
    for line in sys.stdin:
        asked = json.loads(line)
        times = []
        for _ in range(asked["count"]):
            time.sleep(asked["pause"])  # caches cool down as they do between two moves of a hand
            code = code + np.float32(0.01)
            began = time.perf_counter()
            generate(code)
            times.append((time.perf_counter() - began) * 1000)
        sys.stdout.write(json.dumps(times) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
