"""The colours of density: from the ground's side of viridis to its far end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.latent.map_colours import value_colours
from explorer.widgets.map_view.drawn import pack

STEPS = 256


def density_ramp(dark: bool) -> NDArray[np.uint32]:
    """Packed colours `[256]` from few points to many, on dark or light ground."""
    shades = value_colours(np.linspace(0, 1, STEPS, dtype=np.float32))
    return pack(shades if dark else shades[::-1])
