"""Random numbers of a whole batch, drawn alike by every process of a team, each of which gets its rows.

So noise is what one process with the whole batch would have drawn, and no two rows have the same. Within a
`SharedNoise` every random tensor whose first dimension is a multiple of a process's rows (or whose second is
just that) is drawn for all; others (a random start) are the same in all processes, as their seeds are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

LIKE = {torch.randn_like, torch.rand_like, torch.randint_like}
SIZED = {torch.randn, torch.rand, torch.randint}


class SharedNoise(TorchFunctionMode):
    """For steps of `count` rows in each of `size` processes, in that of `rank`."""

    def __init__(self, count: int, rank: int, size: int) -> None:
        super().__init__()
        self._count, self._rank, self._size = count, rank, size

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if function in LIKE:
            place = self._place(args[0].shape)
            if place is not None:
                return self._rows(function(_larger(args[0], place, self._size), *args[1:], **named), place)
        elif function in SIZED:
            before, shape = _shape_in(args, named)
            place = self._place(shape)
            if place is not None:
                whole = [n * self._size if at == place else n for at, n in enumerate(shape)]
                others = {key: value for key, value in named.items() if key != "size"}
                return self._rows(function(*before, whole, **others), place)
        return function(*args, **named)

    def _place(self, shape: Sequence[int]) -> int | None:
        """Which dimension is that of the batch's rows; None where none is."""
        if shape and shape[0] and shape[0] % self._count == 0:
            return 0
        return 1 if len(shape) > 1 and shape[1] == self._count else None

    def _rows(self, drawn: Tensor, place: int) -> Tensor:
        """This process's rows of each of the batches that were drawn, one behind the other."""
        blocks = drawn.unflatten(place, (-1, self._size, self._count))
        return blocks.select(place + 1, self._rank).flatten(place, place + 1)


def _larger(like: Tensor, place: int, times: int) -> Tensor:
    """An empty tensor of so many times the rows, laid out in memory in the same order."""
    shape = [n * times if at == place else n for at, n in enumerate(like.shape)]
    layered = like.ndim == 4 and like.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if layered else torch.contiguous_format
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=layout)


def _shape_in(args: Sequence[Any], named: dict[str, Any]) -> tuple[list[Any], list[int]]:
    """The arguments before the shape, and the shape: as a list, or as numbers one after the other."""
    if "size" in named:
        return list(args), list(named["size"])
    for at, value in enumerate(args):
        if isinstance(value, list | tuple):
            return list(args[:at]), list(value)
    return [], [int(value) for value in args]
