"""Mixing codes: each group of a latent space comes from one of several sources. Arrays in, arrays out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from backends.api import Array, BadRequest, Code, LatentSpace, Part, Prior

LETTERS = "ABCDEFGH"  # sources; more would make a table that nobody reads
MOST_SINGLE = 64  # dimensions that may be groups of their own
WORST_CONDITION = 1e6  # of a set of directions; beyond it their coordinates mean nothing


@dataclass(frozen=True, eq=False)
class Group:
    """What is taken together: some dimensions of a part, or the plane that `rows` `[k, d]` span in it.

    `duals` `[d, k]` measure the coordinates along `rows`: a step's share is `step @ duals @ rows`. `more`
    are groups that were joined to it and go along. `key` is what it was called before a person named it.
    """

    name: str
    part: str
    dimensions: tuple[int, ...] = ()
    rows: Array | None = None
    duals: Array | None = None
    more: tuple[Group, ...] = ()
    key: str = ""

    @property
    def ident(self) -> str:
        """What it is known by, whatever a person calls it."""
        return self.key or self.name

    @property
    def members(self) -> tuple[Group, ...]:
        """Itself and those joined to it."""
        return (self, *self.more)

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


def with_names(
    groups: Sequence[Group], names: Mapping[str, str], joined: Sequence[Sequence[str]] = ()
) -> list[Group]:
    """The groups as a person knows them: those of each set of `joined` idents as one, `names` by ident."""
    known = {group.ident: group for group in groups}
    out, gone = [], set[str]()
    for group in groups:
        if group.ident in gone:
            continue
        together = next((s for s in joined if group.ident in s and all(i in known for i in s)), ())
        others = tuple(known[ident] for ident in together if ident != group.ident)
        gone |= {other.ident for other in others}
        plain = " + ".join(one.name for one in (group, *others))
        name = names.get(group.ident, plain)
        out.append(replace(group, name=name, key=group.ident, more=others))
    return out


def mix(
    space: LatentSpace, codes: Array, groups: Sequence[Group], chosen: Sequence[int], amounts: Sequence[float]
) -> Array:
    """The code `[D]` that starts as source 0 of `codes` `[S, D]` and takes each group from its chosen source.

    `chosen` has the number of a source for each group, `amounts` how far to go towards it (0..1). Noise stays
    as loud as it was on the way.
    """
    out = codes[0].copy()
    for part in space.parts:
        at = space.slices[part.name]
        values = codes[:, at]  # [S, d]
        step, taken = np.zeros((2, part.size), np.float32)
        for group, source, amount in zip(groups, chosen, amounts, strict=True):
            for member in group.members:
                if member.part == part.name:
                    step += amount * member.share(_step(part, values[0], values[source]))
                    taken += amount * member.share(np.ones_like(step))
        out[at] = _moved(part, values[:1], step[None])[0]
        if part.seeded and part.prior is Prior.GAUSSIAN:
            out[at] = _as_loud(out[at], taken)
    return out


def _as_loud(blend: Array, taken: Array) -> Array:
    """Blended noise `[d]` with the deviation of noise again: of (1 - a) x + a y it is less between 0 and 1.

    Else a diffusion, which expects pure noise, draws a flat picture half-way.
    """
    return (blend / np.sqrt((1 - taken) ** 2 + taken**2)).astype(np.float32)


def exchanged(space: LatentSpace, receivers: Array, givers: Array, groups: Sequence[Group]) -> Array:
    """Receivers `[N, D]` that take `groups` from the givers `[N, D]` of their rows, all else their own."""
    out = receivers.copy()
    for part in space.parts:
        members = [m for group in groups for m in group.members if m.part == part.name]
        if members:
            at = space.slices[part.name]
            way = _step(part, receivers[:, at], givers[:, at])
            step = sum((m.share(way) for m in members), np.zeros_like(way))
            out[:, at] = _moved(part, receivers[:, at], step)
    return out


def table(space: LatentSpace, rows: Array, columns: Array, groups: Sequence[Group]) -> Array:
    """`groups` of each of `columns` `[C, D]` put into each of `rows` `[R, D]`: `[R, C, D]`.

    The transfer table of Mathieu et al. 2016, Hu et al. 2018 and Szabó et al. 2018.
    """
    receivers, givers = np.repeat(rows, len(columns), 0), np.tile(columns, (len(rows), 1))
    return exchanged(space, receivers, givers, groups).reshape(len(rows), len(columns), space.size)


def transfer_table(space: LatentSpace, codes: Array, groups: Sequence[Group]) -> Array:
    """Every source's group into every other: `[S, S, G, D]`, first the receiver, then the giver."""
    blocks = [table(space, codes, codes, [group]) for group in groups]
    return np.stack(blocks, 2) if blocks else np.zeros((len(codes), len(codes), 0, space.size), np.float32)


def coordinates(space: LatentSpace, codes: Array, groups: Sequence[Group]) -> tuple[Array, dict[str, slice]]:
    """What each group holds of codes `[N, D]`, side by side: `[N, k]`, and where each group's columns are."""
    columns: list[Array] = []
    places, at = {}, 0
    for group in groups:
        held = [_held(space, codes, member) for member in group.members]
        columns += held
        width = sum(block.shape[1] for block in held)
        places[group.name] = slice(at, at + width)
        at += width
    return np.concatenate(columns, 1), places


def _held(space: LatentSpace, codes: Array, group: Group) -> Array:
    part = space[group.part]
    values = codes[:, space.slices[part.name]] - part.centre
    if group.duals is not None:
        return np.asarray(values @ group.duals, np.float32)
    chosen = list(group.dimensions)
    return np.asarray(values[:, chosen] / part.deviation[chosen], np.float32)


def read_chain(text: str, count: int) -> tuple[list[int], list[int]]:
    """The sources that "A − B + C − D + E" adds and those it takes away, of the first `count` letters.

    Raises `BadRequest` unless it adds one more than it takes away: then the sum is a code again.
    """
    known = LETTERS[:count]
    words = re.findall(r"([+\-−–]?)\s*([A-Za-z])", text)
    rest = re.sub(r"[+\-−–]?\s*[A-Za-z]\s*", "", text).strip()
    letters = [letter.upper() for _, letter in words]
    if rest or not words or any(letter not in known for letter in letters):
        raise BadRequest(
            f"{text!r} is no chain of sources.", f"Write it like A − B + C, of {', '.join(known)}."
        )
    plus = [known.index(x) for (sign, _), x in zip(words, letters, strict=True) if sign in ("", "+")]
    minus = [known.index(x) for (sign, _), x in zip(words, letters, strict=True) if sign not in ("", "+")]
    if len(plus) != len(minus) + 1:
        raise BadRequest(
            "A chain adds one more than it takes away.", "Write it like A − B + C or A − B + C − D + E."
        )
    return plus, minus


def chain(space: LatentSpace, plus: Array, minus: Array) -> Array:
    """The code `[D]` of a sum of `plus` `[n + 1, D]` less `minus` `[n, D]`: the last one and n differences.

    Gaussian parts get the mean length of all terms, since a sum of normals lies too far out (White, "Sampling
    Generative Networks", 2016, as in dribnet/plat). Weights of classes are clipped and sum to one again.
    """
    out = np.empty(space.size, np.float32)
    for part in space.parts:
        at = space.slices[part.name]
        start = plus[-1:, at]
        step = sum((_step(part, m, p) for p, m in zip(plus[:-1, at], minus[:, at], strict=True)), 0 * start)
        moved = _moved(part, start, step)[0]
        if part.prior in (Prior.GAUSSIAN, Prior.EMPIRICAL) and step.any():
            units = (np.concatenate([plus, minus])[:, at] - part.centre) / part.deviation
            unit = (moved - part.centre) / part.deviation
            length = np.linalg.norm(units, axis=1).mean() / max(float(np.linalg.norm(unit)), 1e-9)
            moved = (part.centre + part.deviation * unit * length).astype(np.float32)
        out[at] = moved
    return out


def analogy(space: LatentSpace, a: Array, b: Array, c: Array) -> Array:
    """The code a − b + c `[D]`: what makes a differ from b, put into c. See `chain`."""
    return chain(space, np.stack([a, c]), b[None])


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
    """Values `[N, d]` and steps, back on what the prior can give; rows without a step stay to the bit."""
    moved: Array = start + step
    if part.prior is Prior.SPHERE:
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        moved = moved * (part.size**0.5 / np.maximum(lengths, 1e-9))
    elif part.prior is Prior.ANGLE:
        moved = (moved + np.pi) % (2 * np.pi) - np.pi
    elif part.prior is Prior.CATEGORICAL:
        weights = np.maximum(moved, 0)
        total = weights.sum(1, keepdims=True)
        moved = np.where(total > 1e-6, weights / np.maximum(total, 1e-6), start)
    elif part.prior in (Prior.UNIFORM, Prior.IMAGE):
        moved = np.clip(moved, -1 if part.prior is Prior.UNIFORM else 0, 1)
    return np.where(step.any(1, keepdims=True), moved, start).astype(np.float32)


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
