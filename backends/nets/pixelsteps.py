"""The same networks pixel by pixel, with everything remembered: what sampling runs.

Of a row, all that depends on the rows above is computed at once, before its first pixel; a pixel then costs
one small matrix product for each layer. Same idea as the caches of Ramachandran et al. (2017, Fast Generation
for Convolutional Autoregressive Models). Views and buffers are made once, as most of a pixel's time would
be spent on making them.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from backends.nets.masked import MaskedConv2d
from backends.nets.pixelcnn import GatedBody, PlainBody, gated, told_to
from backends.nets.pixelrnn import RowLstmBody, advanced


class Steps(Protocol):
    """A body at work on one row: `start_row`, then for each column `features` and `put`."""

    def start_row(self, above: Tensor | None) -> None:
        """Begin the next row; `above` are the values `[B, C, W]` of the finished one, None at the top."""

    def features(self, column: int) -> Tensor:
        """The features `[B, F]` of a pixel, from the past alone."""

    def put(self, column: int, values: Tensor) -> None:
        """The pixel's values `[B, C]` in [-1, 1]."""


class RowsAbove:
    """The part of a masked convolution that reads whole rows: those above and, of mask B, the row itself."""

    def __init__(self, conv: MaskedConv2d, batch: int, columns: int) -> None:
        size, self.spread = conv.kernel_size[0], conv.dilation[0]
        own = conv.past == "above" and bool(conv.mask[0, 0, size // 2].any())
        taps = size // 2 + own
        self.weight, self.bias = conv.seen[:, :, :taps].contiguous(), conv.bias
        self.side = size // 2 * self.spread
        rows = size // 2 * self.spread + own
        self.memory = self.weight.new_zeros(batch, conv.in_channels, rows, columns + 2 * self.side)

    def push(self, row: Tensor) -> None:
        """Remember a row `[B, I, W]`; the oldest is forgotten."""
        self.memory[:, :, :-1] = self.memory[:, :, 1:].clone()
        self.memory[:, :, -1, self.side : -self.side] = row

    def read(self) -> Tensor:
        """What the rows give to each pixel of the row: `[B, O, W]`, the bias included."""
        return F.conv2d(self.memory, self.weight, self.bias, dilation=self.spread)[:, :, 0]


class PixelsLeft:
    """The part that reads the row itself up to the pixel, and what is added to it from elsewhere.

    `values` holds the row's pixels side by side, `[B, (margin + W) I]`; a window over it is a view.
    """

    def __init__(self, conv: MaskedConv2d, batch: int, columns: int) -> None:
        row, size = conv.kernel_size[0] // 2, conv.kernel_size[1]
        seen = conv.seen[:, :, row]  # [O, I, size]
        taps = size // 2 + bool(conv.mask[0, 0, row, size // 2])
        inputs, outputs = conv.in_channels, conv.out_channels
        self.weight = seen[:, :, :taps].permute(2, 1, 0).reshape(taps * inputs, outputs).contiguous()
        self.values = seen.new_zeros(batch, (size // 2 + columns) * inputs)
        self.given = seen.new_zeros(batch, columns * outputs)
        self.out = seen.new_zeros(batch, outputs)
        self.windows = [self.values[:, x * inputs : (x + taps) * inputs] for x in range(columns)]
        margin = size // 2
        self.slots = [self.values[:, (margin + x) * inputs :][:, :inputs] for x in range(columns)]
        self.offers = [self.given[:, x * outputs : (x + 1) * outputs] for x in range(columns)]

    def give(self, rows: Tensor) -> None:
        """What else is added to each pixel of the row: `[B, O, W]`."""
        self.given.view(len(rows), -1, rows.shape[1]).copy_(rows.transpose(1, 2))

    def read(self, column: int) -> Tensor:
        """The sum at a pixel `[B, O]`, overwritten by the next read."""
        return torch.addmm(self.offers[column], self.windows[column], self.weight, out=self.out)

    def row(self, inputs: int) -> Tensor:
        """The finished row `[B, I, W]`."""
        columns = len(self.slots)
        return self.values[:, -columns * inputs :].view(len(self.values), columns, inputs).transpose(1, 2)


class Gate:
    """tanh of the first half times sigmoid of the second, in place."""

    def __init__(self, pre: Tensor) -> None:
        width = pre.shape[1] // 2
        self.signal, self.gate = pre[:, :width], pre[:, width:]
        self.out = pre.new_zeros(len(pre), width)

    def __call__(self) -> Tensor:
        torch.tanh(self.signal, out=self.signal)
        torch.sigmoid(self.gate, out=self.gate)
        return torch.mul(self.signal, self.gate, out=self.out)


class GatedSteps:
    """Gated PixelCNN: the vertical stack by rows, the horizontal one by pixels."""

    def __init__(self, body: GatedBody, weights: Tensor | None, batch: int, columns: int) -> None:
        layers: list[Any] = [body, *body.layers]
        told = told_to(body.labels, weights, len(layers))
        self.told = [None if t is None else t[..., None].chunk(2, 1) for t in told]
        self.above = [RowsAbove(layer.above, batch, columns) for layer in layers]
        self.left = [PixelsLeft(layer.left, batch, columns) for layer in layers]
        self.links = [layer.link.weight[:, :, 0] for layer in layers]
        self.biases = [layer.left.bias[:, None] for layer in layers]
        self.outs = [layer.out.weight[:, :, 0, 0].t().contiguous() for layer in layers[1:]]
        self.gates = [Gate(part.out) for part in self.left]
        self.last = self.gates[0].out.new_zeros(batch, body.width)

    def start_row(self, above: Tensor | None) -> None:
        if above is not None:
            self.above[0].push(above)
        v: Tensor | None = None
        for index, rows in enumerate(self.above):
            if v is not None:
                rows.push(v)
            pre, told = rows.read(), self.told[index]
            new = gated(pre if told is None else pre + told[0])
            v = new if v is None else v + new
            given = F.conv1d(v, self.links[index]) + self.biases[index]
            self.left[index].give(given if told is None else given + told[1])

    def features(self, column: int) -> Tensor:
        self.left[0].read(column)
        h = self.gates[0]()
        after = [*(part.slots[column] for part in self.left[1:]), self.last]
        after[0].copy_(h)
        for index, out in enumerate(self.outs):
            self.left[index + 1].read(column)
            torch.addmm(after[index], self.gates[index + 1](), out, out=after[index + 1])
        return after[-1]

    def put(self, column: int, values: Tensor) -> None:
        self.left[0].slots[column].copy_(values)


class PlainSteps:
    """PixelCNN: each masked convolution split into its rows above and its pixels to the left."""

    def __init__(self, body: PlainBody, weights: Tensor | None, batch: int, columns: int) -> None:
        blocks: list[Any] = list(body.blocks)
        convs: list[MaskedConv2d] = [body.first, *(block.conv for block in blocks)]
        self.told = [None, *told_to(body.labels, weights, len(blocks))]
        self.above = [RowsAbove(conv, batch, columns) for conv in convs]
        self.left = [PixelsLeft(conv, batch, columns) for conv in convs]
        self.narrow = [(b.narrow.weight[:, :, 0, 0].t().contiguous(), b.narrow.bias) for b in blocks]
        self.widen = [b.widen.weight[:, :, 0, 0].t().contiguous() for b in blocks]
        self.sums = [torch.zeros_like(self.left[0].out) for _ in blocks]

    def start_row(self, above: Tensor | None) -> None:
        for rows, left, told in zip(self.above, self.left, self.told, strict=True):
            if above is not None:
                rows.push(left.row(rows.weight.shape[1]))
            given = rows.read()
            left.give(given if told is None else given + told[..., None])

    def features(self, column: int) -> Tensor:
        h = self.left[0].read(column)
        layers = zip(self.left[1:], self.narrow, self.widen, self.sums, strict=True)
        for left, (weight, bias), widen, after in layers:
            torch.addmm(bias, h.relu(), weight, out=left.slots[column]).relu_()
            h = torch.addmm(h, left.read(column).relu_(), widen, out=after)
        return h

    def put(self, column: int, values: Tensor) -> None:
        self.left[0].slots[column].copy_(values)


class RowLstmSteps:
    """PixelRNN: the state of the row above enters before the row, the inputs pixel by pixel."""

    def __init__(self, body: RowLstmBody, weights: Tensor | None, batch: int, columns: int) -> None:
        self.told = told_to(body.labels, weights, len(body.layers))
        self.layers: list[Any] = list(body.layers)
        self.above = RowsAbove(body.first, batch, columns)
        self.first = PixelsLeft(body.first, batch, columns)
        self.left = [PixelsLeft(layer.input, batch, columns) for layer in self.layers]
        self.widen = [layer.widen.weight[:, :, 0, 0].t().contiguous() for layer in self.layers]
        zero = self.first.values.new_zeros
        self.hidden = [zero(batch, layer.inner, columns) for layer in self.layers]
        self.cells = [zero(batch, layer.inner, columns) for layer in self.layers]

    def start_row(self, above: Tensor | None) -> None:
        if above is not None:
            self.above.push(above)
        self.first.give(self.above.read())
        for layer, left, hidden, told in zip(self.layers, self.left, self.hidden, self.told, strict=True):
            given = layer.state(hidden) + layer.input.bias[:, None]
            left.give(given if told is None else given + told[..., None])

    def features(self, column: int) -> Tensor:
        x = self.first.read(column)
        for index, left in enumerate(self.left):
            left.slots[column].copy_(x)
            cell = self.cells[index][:, :, column]
            h, c = advanced(left.read(column), cell)
            cell.copy_(c)
            self.hidden[index][:, :, column] = h
            x = torch.addmm(x, h, self.widen[index])
        return x

    def put(self, column: int, values: Tensor) -> None:
        self.first.slots[column].copy_(values)
