"""The body of PixelRNN with row LSTMs: images in [-1, 1] -> features of each pixel's past."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from backends.nets.masked import MaskedConv2d
from backends.nets.pixelcnn import FIRST, label_table, told_to

NEIGHBOURS = 3  # columns of the row above that a state sees, as in the paper


class RowLstmBody(nn.Module):
    """Row LSTM (van den Oord, Kalchbrenner and Kavukcuoglu 2016, section 3.1).

    A state runs down the rows, each reading three columns of the row above: the past is seen as a
    triangle that opens upwards, however far.
    """

    def __init__(self, channels: int, width: int, depth: int, kernel: int, classes: int) -> None:
        super().__init__()
        self.width = width
        self.first = MaskedConv2d(channels, width, FIRST, "raster", first=True)
        self.layers = nn.ModuleList(RowLstm(width, kernel) for _ in range(depth))
        self.labels = label_table(classes, 2 * width, depth)

    def forward(self, images: Tensor, weights: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]` in [-1, 1], class weights `[N, K]` -> features `[N, width, H, W]`."""
        told = told_to(self.labels, weights, len(self.layers))
        h: Tensor = self.first(images)
        for layer, label in zip(self.layers, told, strict=True):
            h = layer(h, label)
        return h


class RowLstm(nn.Module):
    """One layer: [o, f, i, g] = K_ss * h_above + K_is * x; c = f c_above + i g; h = o tanh(c) (equation 3).

    The state has half the width; 1x1 brings it back, added to what came in.
    """

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.inner = width // 2
        self.input = MaskedConv2d(width, 4 * self.inner, kernel, "left")
        self.state = nn.Conv1d(self.inner, 4 * self.inner, NEIGHBOURS, padding=NEIGHBOURS // 2, bias=False)
        self.widen = nn.Conv2d(self.inner, width, 1, bias=False)

    def forward(self, x: Tensor, label: Tensor | None) -> Tensor:
        given = self.input(x)  # [N, 4 S, H, W]
        if label is not None:
            given = given + label[:, :, None, None]
        h = c = given.new_zeros(len(x), self.inner, x.shape[3])
        rows = []
        for row in given.unbind(2):
            h, c = advanced(row + self.state(h), c)
            rows.append(h)
        out: Tensor = x + self.widen(torch.stack(rows, 2))
        return out


def advanced(pre: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """New state and cell from the gates before their functions `[N, 4 S, ...]` and the cell above."""
    inner = c.shape[1]
    o, f, i = pre[:, : 3 * inner].sigmoid().chunk(3, 1)
    c = f * c + i * pre[:, 3 * inner :].tanh()
    return o * c.tanh(), c
