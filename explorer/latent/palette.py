"""Class colours that colour-blind people can tell apart, on light and dark ground.

The first eight are those of Okabe and Ito (2008), the eighth being the ink: black on light ground, white
on dark. The next twelve were found by a search that always takes the colour farthest (CIELAB) from all
before it, from both grounds and from the greys of points that are not chosen, as seen by people with
full colour vision, deuteranopia and protanopia (Machado, Oliveira and Fernandes 2009, severity 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]

OKABE_ITO = ("e69f00", "56b4e9", "009e73", "f0e442", "0072b2", "d55e00", "cc79a7")
MORE = ("69f096", "870f0f", "6969ff", "0000ff", "3c2da5", "00b45a", "4b3c69", "6996ff", "c3e169", "96e1ff",
        "00693c", "2d2dd2")  # fmt: skip
INKS = {False: "000000", True: "ffffff"}  # by whether the ground is dark


def class_palette(count: int, dark: bool = False) -> Colours:
    """The colours of `count` classes, `[count, 3]`; from the twenty-first on they come again."""
    codes = (*OKABE_ITO, INKS[dark], *MORE)
    table = np.array([list(bytes.fromhex(code)) for code in codes], np.uint8)
    return table[np.arange(count) % len(table)]
