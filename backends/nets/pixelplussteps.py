"""PixelCNN++ pixel by pixel, with everything remembered: a lower resolution works at every second pixel only.

A place of half resolution sees pixels before its upper left one of four, so it is known when that is drawn,
and all four read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from backends.nets.pixelplus import RESOLUTIONS, Gated, PlusBody, at, both
from backends.nets.pixelsteps import PixelsLeft, RowsAbove

LAST = RESOLUTIONS - 1


class RowGated:
    """A layer of the stream above: a row at a time."""

    def __init__(self, layer: Gated, label: Tensor | None, batch: int, columns: int) -> None:
        self.first, self.second = (RowsAbove(c, batch, columns) for c in (layer.first, layer.second))
        convs: Any = layer.beside
        self.beside: list[Tensor] = [conv.weight[:, :, 0] for conv in convs]
        self.label = None if label is None else label.chunk(2, 1)[0][:, :, None]

    def __call__(self, x: Tensor, *besides: Tensor) -> Tensor:
        """The next row of the layer, `[B, W, columns]`."""
        self.first.push(both(x))
        inner = self.first.read()
        for weight, other in zip(self.beside, besides, strict=True):
            inner = inner + F.conv1d(both(other), weight)
        self.second.push(both(inner))
        pre = self.second.read()
        signal, gate = (pre if self.label is None else pre + self.label).chunk(2, 1)
        return x + signal * gate.sigmoid()


class Past:
    """A masked convolution of the whole past: its rows before the row, its pixels one by one."""

    def __init__(self, conv: Any, batch: int, columns: int) -> None:
        self.rows, self.left = RowsAbove(conv, batch, columns), PixelsLeft(conv, batch, columns)
        self.inputs, self.begun = conv.in_channels, False

    def start_row(self, also: Tensor | None = None) -> None:
        """Begin the next row; `also` `[B, O, columns or 1]` is added to each pixel."""
        if self.begun:
            self.rows.push(self.left.row(self.inputs))
        self.begun = True
        given = self.rows.read()
        self.left.give(given if also is None else given + also)

    def put(self, column: int, x: Tensor) -> None:
        self.left.slots[column].copy_(x)

    def read(self, column: int) -> Tensor:
        return self.left.read(column)


class PixelGated:
    """A layer of the stream of the whole past: a pixel at a time."""

    def __init__(self, layer: Gated, label: Tensor | None, batch: int, columns: int) -> None:
        self.first, self.second = (Past(conv, batch, columns) for conv in (layer.first, layer.second))
        convs: Any = layer.beside
        weights: list[Tensor] = [conv.weight[:, :, 0] for conv in convs]
        self.above, mirror = weights[0], weights[1:]
        self.mirror = [weight[:, :, 0].t().contiguous() for weight in mirror]
        self.label = None if label is None else label.chunk(2, 1)[1][:, :, None]

    def start_row(self, above: Tensor) -> None:
        """Begin the next row; `above` `[B, W, columns]` is what the other stream says there."""
        self.first.start_row(F.conv1d(both(above), self.above))
        self.second.start_row(self.label)

    def __call__(self, column: int, x: Tensor, *mirror: Tensor) -> Tensor:
        """The layer at a pixel, `[B, W]`."""
        self.first.put(column, both(x))
        inner = self.first.read(column)
        for weight, other in zip(self.mirror, mirror, strict=True):
            inner = torch.addmm(inner, both(other), weight)
        self.second.put(column, both(inner))
        signal, gate = self.second.read(column).chunk(2, 1)
        return x + signal * gate.sigmoid()


@dataclass
class Level:
    """What one resolution remembers: its layers, and where both streams stand when they leave it."""

    down: list[tuple[RowGated, PixelGated]]
    up: list[tuple[RowGated, PixelGated]]
    halve: tuple[RowsAbove, Past] | None
    double: list[tuple[Tensor, Tensor]]  # weights `[W, W, 2, 2]` and bias `[W]` of both streams
    above: Tensor  # `[B, W, columns]`, the row
    past: Tensor  # `[B, W, columns]`, its pixels so far
    kept: list[Tensor] = field(default_factory=list)  # of this pixel, on the way down


class PlusSteps:
    """PixelCNN++ at work on one row: see `backends.nets.pixelsteps.Steps`."""

    def __init__(self, body: PlusBody, weights: Tensor | None, batch: int, columns: int) -> None:
        self.above = RowsAbove(body.above, batch, columns)
        self.past = Past(body.past, batch, columns)
        self.levels = _levels(body, weights, batch, columns)
        self.row = -1

    def start_row(self, above: Tensor | None) -> None:
        self.row += 1
        if above is not None:
            self.above.push(above)
        self.past.start_row()
        self._down_the_rows(self.above.read())

    def _down_the_rows(self, u: Tensor) -> None:
        """Both ways of the stream above, at the resolutions that have a row here."""
        last = self._lowest(self.row)
        kept: list[list[Tensor]] = []
        for number, level in enumerate(self.levels[: last + 1]):
            kept.append([])
            for row, pixel in level.down:
                u = row(u)
                kept[number].append(u)
                pixel.start_row(u)
            if level.halve is not None:
                level.halve[0].push(u)
                level.halve[1].start_row()
                u = level.halve[0].read()[:, :, ::2] if number < last else u
        for number in reversed(range(last + 1)):
            level = self.levels[number]
            if number < LAST:
                u = self._doubled_row(number)
            for row, pixel in level.up:
                u = row(u, kept[number].pop())
                pixel.start_row(u)
            level.above = u

    def _doubled_row(self, number: int) -> Tensor:
        level, low = self.levels[number], self.levels[number + 1].above
        weight, bias = level.double[0]
        ours = weight[:, :, (self.row >> number) % 2]  # [W, W, 2]
        wide = torch.einsum("bix,ioc->boxc", low, ours).flatten(2) + bias[:, None]
        return wide[:, :, : level.past.shape[2]]

    def features(self, column: int) -> Tensor:
        p, last = self.past.read(column), min(self._lowest(self.row), self._lowest(column))
        for number, level in enumerate(self.levels[: last + 1]):
            place, level.kept = column >> number, []
            for _, pixel in level.down:
                p = pixel(place, p)
                level.kept.append(p)
            if level.halve is not None:
                level.halve[1].put(place, p)
                p = level.halve[1].read(place).clone() if number < last else p
        for number in reversed(range(last + 1)):
            level, place = self.levels[number], column >> number
            if number < LAST:
                p = self._doubled(number, place)
            for _, pixel in level.up:
                p = pixel(place, p, level.kept.pop())
            level.past[:, :, place] = p
        return p

    def _doubled(self, number: int, place: int) -> Tensor:
        weight, bias = self.levels[number].double[1]
        low = self.levels[number + 1].past[:, :, place // 2]
        return torch.addmm(bias, low, weight[:, :, (self.row >> number) % 2, place % 2])

    def put(self, column: int, values: Tensor) -> None:
        self.past.put(column, values)

    @staticmethod
    def _lowest(place: int) -> int:
        """The lowest resolution that has a place at this row or column."""
        return next((r for r in range(LAST) if (place >> r) % 2), LAST)


def _levels(body: PlusBody, weights: Tensor | None, batch: int, columns: int) -> list[Level]:
    told, found = body.told(weights), []
    for r in range(RESOLUTIONS):
        across = -(-columns // 2**r)
        ways: list[list[tuple[RowGated, PixelGated]]] = [
            [
                (RowGated(layer.above, label, batch, across), PixelGated(layer.past, label, batch, across))
                for layer, label in zip(at(way, r), labels[r], strict=True)
            ]
            for way, labels in zip((body.down, body.up), told, strict=True)
        ]
        halve: Any = body.halve[r] if r < LAST else None
        pair = halve and (RowsAbove(halve[0], batch, across), Past(halve[1], batch, across))
        double: Any = body.grow[r] if r < LAST else ()
        empty = body.above.weight.new_zeros(batch, body.width, across)
        doubles = [(conv.weight, conv.bias) for conv in double]
        found.append(Level(ways[0], ways[1], pair, doubles, empty, empty.clone()))
    return found
