"""Networks of pixels see the past and nothing else, and draw the same pixels fast as naively."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from backends.nets.masked import MaskedConv2d, taps
from backends.nets.pixelcnn import GatedBody, PlainBody
from backends.nets.pixelheads import make_head
from backends.nets.pixelplus import PlusBody
from backends.nets.pixelrnn import RowLstmBody
from backends.nets.raster import Drawing, PixelNetwork, drawn, drawn_naively

BODIES = {"pixelcnn": PlainBody, "gated": GatedBody, "rowlstm": RowLstmBody, "pixelcnn++": PlusBody}
DEPTH = {"pixelcnn": 2, "gated": 2, "rowlstm": 2, "pixelcnn++": 1}
SIZE = 7
CLASSES = 3


def network(
    body: str,
    channels: int = 1,
    likelihood: str = "binary",
    *,
    depth: int = 0,
    kernel: int = 3,
    classes: int = 0,
    spread: int = 1,
) -> PixelNetwork:
    """A small network whose weights, biases and labels all matter."""
    torch.manual_seed(0)
    head, depth = make_head(likelihood, channels, 8, 3), depth or DEPTH[body]
    more = {"spread": spread} if body == "gated" else {}
    made = PixelNetwork(BODIES[body](channels, 8, depth, kernel, classes, **more), 8, head).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, 0, 0.4)
    return made.requires_grad_(False)


def influence(net: PixelNetwork, size: int = SIZE) -> Tensor:
    """How much each pixel moves each pixel's parameters: `[H W (predicted), H W (moved)]`."""
    total = torch.zeros(size * size, size * size, dtype=torch.float64)
    net = net.double()
    for seed in range(3):  # a ReLU that is off at one image is on at another
        image = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(seed)).double()
        jacobian = torch.autograd.functional.jacobian(lambda x: net(x).flatten(2).sum(1), image)
        total += jacobian.reshape(size * size, size * size).abs()
    return total


@pytest.mark.parametrize("body", BODIES)
def test_no_pixel_sees_itself_or_the_future(body: str) -> None:
    seen = influence(network(body))
    assert (seen.triu() == 0).all()
    assert (seen.diagonal(-1)[:-1] > 0).any(), "the pixel to the left is seen"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("body", BODIES)
def test_other_pixels_leave_parameters_as_they_are(body: str, channels: int) -> None:
    """The same by changing pixels: nothing before or at a changed pixel moves."""
    net = network(body, channels, "logistics")
    image = torch.randn(1, channels, SIZE, SIZE)
    changed = image.clone()
    changed[:, :, 4, 5] += 1
    moved = (net(image) != net(changed)).any(1).flatten()
    assert not moved[: 4 * SIZE + 6].any()
    assert moved[4 * SIZE + 6 :].any()


def test_gated_sees_the_whole_past_and_plain_has_a_blind_spot() -> None:
    """A pixel far to the right, two rows above: seen through the vertical stack, hidden from one stack."""
    size, row, column = 11, 6, 2
    place = row * size + column
    gated = influence(network("gated", depth=4), size)[place].view(size, size)
    plain = influence(network("pixelcnn", depth=4), size)[place].view(size, size)
    reach = 3 + 4  # half the first kernel and one pixel for each layer
    assert (gated[3:row, : column + reach + 1] > 0).all(), "without holes above"
    assert (gated[row, :column] > 0).all()
    assert (gated[row:, column:] == 0).all()
    blind = plain[row - 1, column + 4 : column + reach + 1]
    assert (blind == 0).all(), "one stack sees above right no further than its first kernel"
    assert (gated[row - 1, column + 4 : column + reach + 1] > 0).all()


def test_taps_that_stand_apart_see_further_without_holes() -> None:
    """Reach upwards: 3 of the first kernel, then 1, 2 and 4 pixels."""
    size, column = 13, 6
    seen = influence(network("gated", depth=3, spread=4), size)[12 * size + column].view(size, size)
    assert (seen[12 - 10 : 12] > 0).all()
    assert not seen[: 12 - 10].any()


def test_row_lstm_sees_any_number_of_rows_up() -> None:
    seen = influence(network("rowlstm", depth=1), 11)[10 * 11 + 5].view(11, 11)
    assert (seen[:10, 5] > 0).all()


def test_half_resolutions_see_the_whole_height() -> None:
    """Three pixels of the first kernel alone would be seen, and one more for each of four convolutions."""
    seen = influence(network("pixelcnn++"), 12)[11 * 12 + 6].view(12, 12)
    assert (seen[:11, 6] > 0).all()


def test_taps() -> None:
    assert taps(3, "raster", first=True).tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert taps(3, "raster", first=False).tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert taps(3, "above", first=True).tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert taps(3, "above", first=False).tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert taps(5, "left", first=True).tolist() == [[1, 1, 0, 0, 0]]
    assert taps(5, "left", first=False).tolist() == [[1, 1, 1, 0, 0]]


def test_a_masked_convolution_keeps_the_variance_of_what_it_sees() -> None:
    torch.manual_seed(0)
    conv = MaskedConv2d(16, 64, 5, "raster")
    with torch.no_grad():
        out = conv(torch.randn(4, 16, 20, 20))[:, :, 4:-4, 4:-4]
    assert float(out.std()) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("channels", "likelihood", "kernel"), [(1, "binary", 3), (1, "levels", 5), (3, "logistics", 3)]
)
@pytest.mark.parametrize("body", BODIES)
def test_remembering_draws_the_same_pixels(body: str, channels: int, likelihood: str, kernel: int) -> None:
    net = network(body, channels, likelihood, kernel=kernel, classes=CLASSES, spread=4)
    uniform = torch.rand(3, channels, SIZE, SIZE + 1, generator=torch.Generator().manual_seed(1))
    weights = torch.eye(CLASSES)
    *rows, whole = drawn(net, Drawing(uniform, weights, 0.8))
    assert torch.equal(whole, drawn_naively(net, Drawing(uniform, weights, 0.8)))
    assert len(rows) == SIZE - 1
    assert 0 <= whole.min() < whole.max() <= net.head.levels - 1
    assert torch.equal(rows[3][:, :, :4], whole[:, :, :4])
    assert not rows[3][:, :, 4:].any()


@pytest.mark.parametrize("body", BODIES)
def test_known_pixels_stay_and_steer_what_follows(body: str) -> None:
    net = network(body)
    uniform = torch.rand(2, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    known = torch.rand(2, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(2)) < 0.4
    levels = torch.randint(2, (2, 1, SIZE, SIZE), generator=torch.Generator().manual_seed(3))
    drawing = Drawing(uniform, known=known, levels=levels)
    *_, painted = drawn(net, drawing)
    assert torch.equal(painted[known], levels[known].float())
    assert torch.equal(painted, drawn_naively(net, drawing))
    *_, free = drawn(net, Drawing(uniform))
    assert not torch.equal(painted[~known], free[~known])
