"""Drawing an image pixel by pixel in raster order, fast and naively, with the same pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from backends.nets.pixelcnn import GatedBody, PlainBody
from backends.nets.pixelheads import Head, as_values
from backends.nets.pixelplus import PlusBody
from backends.nets.pixelplussteps import PlusSteps
from backends.nets.pixelrnn import RowLstmBody
from backends.nets.pixelsteps import GatedSteps, PlainSteps, RowLstmSteps, Steps

AT_WORK: dict[type, Any] = {
    GatedBody: GatedSteps, PlainBody: PlainSteps, RowLstmBody: RowLstmSteps, PlusBody: PlusSteps,
}  # fmt: skip


class PixelNetwork(nn.Module):
    """A body and what turns its features into the parameters of a head.

    Levels as values in [-1, 1] `[N, C, H, W]` (and class weights `[N, K]`) -> parameters `[N, P, H, W]`.
    """

    def __init__(self, body: nn.Module, width: int, head: Head) -> None:
        super().__init__()
        self.body, self.head = body, head
        self.inner = nn.Conv2d(width, width, 1)
        self.outer = nn.Conv2d(width, head.outputs, 1)

    def forward(self, values: Tensor, weights: Tensor | None = None) -> Tensor:
        features: Tensor = self.inner(self.body(values, weights).relu())
        params: Tensor = self.outer(features.relu())
        return params


@dataclass(frozen=True)
class Drawing:
    """What an image is drawn from.

    `uniform` `[N, C, H, W]`: a number in [0, 1] for each channel of each pixel. `weights` `[N, K]` of
    classes. Where `known` (bool `[N, 1, H, W]`) is true the levels stay those of `levels` `[N, C, H, W]`.
    """

    uniform: Tensor
    weights: Tensor | None = None
    temperature: float = 1.0
    known: Tensor | None = None
    levels: Tensor | None = None


class Product:
    """A 1x1 convolution as a matrix product, for one pixel `[N, I] -> [N, O]`."""

    def __init__(self, conv: nn.Conv2d) -> None:
        assert conv.bias is not None
        self.weight, self.bias = conv.weight[:, :, 0, 0].t().contiguous(), conv.bias

    def __call__(self, features: Tensor) -> Tensor:
        return torch.addmm(self.bias, features, self.weight)


@torch.no_grad()
def drawn(network: PixelNetwork, drawing: Drawing) -> Iterator[Tensor]:
    """Levels `[N, C, H, W]` (floats) after each row; the last ones are whole. Rows to come hold level 0."""
    uniform, known = drawing.uniform, drawing.known
    batch, _, rows, columns = uniform.shape
    levels = torch.zeros_like(uniform) if drawing.levels is None else drawing.levels.float().clone()
    steps: Steps = AT_WORK[type(network.body)](network.body, drawing.weights, batch, columns)
    inner, outer = Product(network.inner), Product(network.outer)
    above = None
    for y in range(rows):
        steps.start_row(above)
        row = []
        for x, chance in enumerate(uniform[:, :, y].unbind(2)):
            params = outer(inner(steps.features(x).relu()).relu_())
            made = network.head.draw(params, chance, drawing.temperature)
            if known is not None:
                made = torch.where(known[:, :, y, x], levels[:, :, y, x], made)
            row.append(made)
            steps.put(x, as_values(made, network.head.levels))
        levels[:, :, y] = torch.stack(row, 2)
        above = as_values(levels[:, :, y], network.head.levels)
        yield levels.clone()


@torch.no_grad()
def drawn_naively(network: PixelNetwork, drawing: Drawing) -> Tensor:
    """The same levels by a pass over the whole image for each pixel: what `drawn` is measured by."""
    levels = torch.zeros_like(drawing.uniform) if drawing.levels is None else drawing.levels.float().clone()
    for y in range(levels.shape[2]):
        for x in range(levels.shape[3]):
            params = network(as_values(levels, network.head.levels), drawing.weights)[:, :, y, x]
            made = network.head.draw(params, drawing.uniform[:, :, y, x], drawing.temperature)
            if drawing.known is not None:
                made = torch.where(drawing.known[:, :, y, x], levels[:, :, y, x], made)
            levels[:, :, y, x] = made
    return levels
