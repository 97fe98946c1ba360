"""Mixing codes: each group of a latent space comes from one of several sources. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backends.api import Array, BadRequest, Code, LatentSpace, Part, Prior

LETTERS = "ABCD"  # sources; more than four would make a table that nobody reads
MOST_SINGLE = 64  # dimensions that may be groups of their own
WORST_CONDITION = 1e6  # of a set of directions; beyond it their coordinates mean nothing


@dataclass(frozen=True, eq=False)
class Group:
    """What is taken together: some dimensions of a part, or the plane that `rows` `[k, d]` span in it.

    `duals` `[d, k]` measure the coordinates along `rows`: a step's share is `step @ duals @ rows`.
    """

    name: str
    part: str
    dimensions: tuple[int, ...] = ()
    rows: Array | None = None
    duals: Array | None = None

    def share(self, step: Array) -> Array:
        """The share of steps `[..., d]` that belongs to this group."""
        if self.rows is not None and self.duals is not None:
            return ((step @ self.duals) @ self.rows).astype(np.float32)
        mask = np.zeros(step.shape[-1], np.float32)
        mask[list(self.dimensions)] = 1
        return step * mask


def by_part(space: LatentSpace) -> list[Group]:
    """Each part whole: the chunks of a chunked space, the label, the noise."""
    return [_whole(part) for part in space.parts]


def by_dimension(space: LatentSpace) -> list[Group]:
    """Each dimension of the main part alone, and the other parts whole. Raises `BadRequest` when too many."""
    main = space.main
    if main.size > MOST_SINGLE:
        raise BadRequest(
            f"{main.name} has {main.size} dimensions: too many to choose one by one.",
            "Split by principal directions or by ranges.",
        )
    names = main.names or tuple(f"{main.name} {i}" for i in range(main.size))
    return [Group(names[i], main.name, (i,)) for i in range(main.size)] + _others(space)


def by_ranges(space: LatentSpace, text: str) -> list[Group]:
    """Ranges of the main part as people write them, "0-3, 4-9, 12"; what is left over is one more group.

    Raises `BadRequest` for text that names no dimensions, or one twice.
    """
    main = space.main
    groups, taken = [], set[int]()
    for word in text.replace(";", ",").split(","):
        if word.strip():
            members = _range(word.strip(), main.size)
            if taken & set(members):
                raise BadRequest(f"{word.strip()} is in two ranges.", "Put every dimension in one of them.")
            taken |= set(members)
            groups.append(Group(f"{main.name} {word.strip()}", main.name, members))
    if not groups:
        raise BadRequest("There are no ranges yet.", f"Write them like this: {equal_ranges(main.size, 3)}.")
    rest = tuple(i for i in range(main.size) if i not in taken)
    return groups + ([Group("the rest", main.name, rest)] if rest else []) + _others(space)


def by_direction(space: LatentSpace, directions: Array) -> list[Group]:
    """Principal directions `[d, d]` of the main part in groups of 1, 1, 2, 4 and the rest, strongest first.

    All groups together are the whole part. Raises `BadRequest` when the directions don't span it.
    """
    main = space.main
    rows = np.asarray(directions, np.float32)
    duals = _inverse(rows) if rows.shape == (main.size, main.size) else None
    if duals is None:
        advice = "Split by ranges or by single dimensions."
        raise BadRequest(f"The principal directions of {main.name} don't span it.", advice)
    groups, at, width = [], 0, 1
    while at < main.size:
        end = main.size if width >= 8 else min(at + width, main.size)
        name = f"PC {at + 1}" if end == at + 1 else f"PC {at + 1}–{end}"
        groups.append(Group(name, main.name, rows=rows[at:end], duals=duals[:, at:end]))
        width, at = (width if at == 0 else 2 * width), end
    return groups + _others(space)


def equal_ranges(size: int, count: int) -> str:
    """`count` ranges of about equal width over `size` dimensions, as `by_ranges` reads them."""
    edges = np.linspace(0, size, min(count, size) + 1).round().astype(int)
    spans = pairwise(edges)
    return ", ".join(f"{a}-{b - 1}" if b - a > 1 else f"{a}" for a, b in spans)


def mix(
    space: LatentSpace, codes: Array, groups: Sequence[Group], chosen: Sequence[int], amounts: Sequence[float]
) -> Array:
    """The code `[D]` that starts as source 0 of `codes` `[S, D]` and takes each group from its chosen source.

    `chosen` has the number of a source for each group, `amounts` how far to go towards it (0..1).
    """
    out = codes[0].copy()
    for part in space.parts:
        at = space.slices[part.name]
        values = codes[:, at]  # [S, d]
        step = np.zeros(part.size, np.float32)
        for group, source, amount in zip(groups, chosen, amounts, strict=True):
            if group.part == part.name:
                step += amount * group.share(_step(part, values[0], values[source]))
        out[at] = _moved(part, values[0], step)
    return out


def transfer_table(space: LatentSpace, codes: Array, groups: Sequence[Group]) -> Array:
    """Every source's group into every other: `[S, S, G, D]`, first the receiver, then the giver."""
    count = len(codes)
    out = np.empty((count, count, len(groups), space.size), np.float32)
    for receiver in range(count):
        for giver in range(count):
            pair = codes[[receiver, giver]]
            for index, group in enumerate(groups):
                out[receiver, giver, index] = mix(space, pair, [group], [1], [1.0])
    return out


def analogy(space: LatentSpace, a: Array, b: Array, c: Array) -> Array:
    """The code a − b + c `[D]`: what makes a differ from b, put into c.

    Gaussian and spherical parts get the mean length of the three, since the sum of three normals lies
    too far out (White, "Sampling Generative Networks", 2016, as in dribnet/plat). Weights of classes
    are clipped and sum to one again.
    """
    out = np.empty(space.size, np.float32)
    for part in space.parts:
        at = space.slices[part.name]
        three = np.stack([a[at], b[at], c[at]])
        step = _step(part, three[1], three[0])
        moved = _moved(part, three[2], step)
        if part.prior in (Prior.GAUSSIAN, Prior.EMPIRICAL) and step.any():
            units = (three - part.centre) / part.deviation
            unit = (moved - part.centre) / part.deviation
            length = np.linalg.norm(units, axis=1).mean() / max(np.linalg.norm(unit), 1e-9)
            moved = (part.centre + part.deviation * unit * length).astype(np.float32)
        out[at] = moved
    return out


def settled(space: LatentSpace, codes: Sequence[Code]) -> Array:
    """Packed codes `[N, D]` with their truncation worked in, so that they can be mixed."""
    rows = [space.truncate(space.pack(code)[None], code.truncation) for code in codes]
    return np.concatenate(rows) if rows else np.zeros((0, space.size), np.float32)


def _step(part: Part, start: Array, end: Array) -> Array:
    """The way from one value to another; angles go the short way round."""
    step = end - start
    if part.prior is Prior.ANGLE:
        step = (step + np.pi) % (2 * np.pi) - np.pi
    return step.astype(np.float32)


def _moved(part: Part, start: Array, step: Array) -> Array:
    """A value and a step, back on what the prior can give."""
    moved = start + step
    if not step.any():
        return start
    if part.prior is Prior.SPHERE:
        return moved * (part.size**0.5 / max(float(np.linalg.norm(moved)), 1e-9))
    if part.prior is Prior.ANGLE:
        return (moved + np.pi) % (2 * np.pi) - np.pi
    if part.prior is Prior.CATEGORICAL:
        weights = np.maximum(moved, 0)
        return weights / weights.sum() if weights.sum() > 1e-6 else start
    if part.prior in (Prior.UNIFORM, Prior.IMAGE):
        return np.clip(moved, -1 if part.prior is Prior.UNIFORM else 0, 1)
    return moved


def _inverse(rows: Array) -> Array | None:
    """The inverse of `[d, d]`; None where it is singular or close to it."""
    try:
        inverse = np.linalg.inv(rows.astype(np.float64))
    except np.linalg.LinAlgError:
        return None
    condition = np.linalg.norm(rows) * np.linalg.norm(inverse)
    return inverse.astype(np.float32) if condition < WORST_CONDITION else None


def _whole(part: Part) -> Group:
    return Group(part.name, part.name, tuple(range(part.size)))


def _others(space: LatentSpace) -> list[Group]:
    return [_whole(part) for part in space.parts if part is not space.main]


def _range(word: str, size: int) -> tuple[int, ...]:
    first, dash, last = word.replace("–", "-").partition("-")
    try:
        low = int(first)
        high = int(last) if dash else low
    except ValueError:
        advice = "Write numbers like 0-3, 4, 5-9."
        raise BadRequest(f"{word!r} is not a range of dimensions.", advice) from None
    if not 0 <= low <= high < size:
        raise BadRequest(f"{word} is not within 0 to {size - 1}.", "Write ranges within these, lowest first.")
    return tuple(range(low, high + 1))
