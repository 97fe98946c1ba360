"""Latent spaces and the codes in them: what every family shares, in numpy alone (no torch).

A latent space is an ordered tuple of named parts. A code is one point: a float32 vector for each
part. Packed, the parts of a code stand one after the other in one vector `[D]`, and N codes are a
matrix `[N, D]`; the model host speaks in such matrices.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import BadCode
from backends.mixture import Mixture

Array = NDArray[np.float32]
LATTICE_ROW = 100  # seeds per row of the two-number lattice: seed = x + 100 y


class Prior(StrEnum):
    """How the values of a part are distributed when nothing is asked of them."""

    GAUSSIAN = "gaussian"  # N(0, I)
    UNIFORM = "uniform"  # U(-1, 1) in each dimension
    SPHERE = "sphere"  # uniform on the sphere of radius sqrt(d)
    EMPIRICAL = "empirical"  # measured on encoded training data: N(mean, factor factor^T), or a mixture
    CATEGORICAL = "categorical"  # weights of classes that sum to one; a one-hot is a pure class
    ANGLE = "angle"  # U(-pi, pi), wraps
    IMAGE = "image"  # pixels in [0, 1]: translation and inpainting


@dataclass(frozen=True)
class Part:
    """One named part of a latent space.

    `shape` is that of one value, for example `(64,)`, `(18, 512)` for w+, `(1, 28, 28)` for x_T.
    `names` are the classes of a categorical part or the names of the dimensions. `mean` `[d]` and
    `factor` `[d, d]` describe an empirical prior as a whole, which is what sliders and directions ask
    of it; where there is a `mixture`, draws come from that. `role` tells content from noise (noise is
    sampled anew by a seed and gets no sliders).
    """

    name: str
    shape: tuple[int, ...]
    prior: Prior = Prior.GAUSSIAN
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    factor: tuple[tuple[float, ...], ...] = ()
    mixture: Mixture | None = None
    role: str = "content"

    @cached_property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def continuous(self) -> bool:
        return self.prior not in (Prior.CATEGORICAL, Prior.IMAGE)

    @property
    def seeded(self) -> bool:
        """Whether it has a seed instead of sliders: noise, and what has a value for every pixel."""
        return self.continuous and (self.role == "noise" or len(self.shape) == 3)

    @cached_property
    def centre(self) -> Array:
        """The value at which every slider reads zero: `[d]`."""
        if self.prior is Prior.EMPIRICAL:
            return np.asarray(self.mean, np.float32)
        if self.prior is Prior.CATEGORICAL:
            return np.eye(self.size, dtype=np.float32)[0]
        return np.zeros(self.size, np.float32)

    @cached_property
    def deviation(self) -> Array:
        """One unit of a slider, the prior's standard deviation in each dimension: `[d]`."""
        if self.prior is Prior.EMPIRICAL:
            spread = np.linalg.norm(np.asarray(self.factor, np.float32), axis=1)
            return np.maximum(spread, 1e-6).astype(np.float32)
        flat = {Prior.UNIFORM: 3**-0.5, Prior.ANGLE: np.pi / 3**0.5}.get(self.prior, 1.0)
        return np.full(self.size, flat, np.float32)

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """`count` draws from the prior: `[count, d]`."""
        d = self.size
        if self.prior is Prior.CATEGORICAL:
            return np.eye(d, dtype=np.float32)[rng.integers(d, size=count)]
        if self.prior is Prior.UNIFORM:
            return rng.uniform(-1, 1, (count, d)).astype(np.float32)
        if self.prior is Prior.ANGLE:
            return rng.uniform(-np.pi, np.pi, (count, d)).astype(np.float32)
        if self.prior is Prior.IMAGE:
            return np.zeros((count, d), np.float32)
        if self.mixture:
            return self.mixture.sample(rng, count)
        normal = rng.standard_normal((count, d)).astype(np.float32)
        if self.prior is Prior.SPHERE:
            return normal * (d**0.5 / np.linalg.norm(normal, axis=1, keepdims=True))
        if self.prior is Prior.EMPIRICAL:
            return self.centre + normal @ np.asarray(self.factor, np.float32).T
        return normal

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "name": self.name,
            "shape": list(self.shape),
            "prior": self.prior.value,
        }
        for key in ("names", "mean", "factor"):
            if value := getattr(self, key):
                out[key] = [list(v) if isinstance(v, tuple) else v for v in value]
        if self.mixture:
            out["mixture"] = self.mixture.to_json()
        if self.role != "content":
            out["role"] = self.role
        return out

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Part:
        return Part(
            name=str(data["name"]),
            shape=tuple(int(n) for n in data["shape"]),
            prior=Prior(data["prior"]),
            names=tuple(str(n) for n in data.get("names", ())),
            mean=tuple(float(v) for v in data.get("mean", ())),
            factor=tuple(tuple(float(v) for v in row) for row in data.get("factor", ())),
            mixture=Mixture.from_json(data["mixture"]) if "mixture" in data else None,
            role=str(data.get("role", "content")),
        )


@dataclass(frozen=True, eq=False)
class Code:
    """One point of a latent space: a float32 vector `[d]` for each part, and how it is generated.

    `truncation` pulls every continuous part towards its centre (1 leaves it, 0 is the centre).
    `options` are numbers that a family reads besides (guidance, steps, noise seed).
    """

    values: Mapping[str, Array]
    truncation: float = 1.0
    options: Mapping[str, float] = field(default_factory=dict)

    def with_value(self, part: str, value: Any) -> Code:
        """A copy in which `part` has `value`."""
        changed = {**self.values, part: np.asarray(value, np.float32).reshape(-1)}
        return Code(changed, self.truncation, self.options)

    def with_truncation(self, truncation: float) -> Code:
        return Code(self.values, float(truncation), self.options)

    def with_options(self, options: Mapping[str, float]) -> Code:
        return Code(self.values, self.truncation, dict(options))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and self.to_text() == other.to_text()

    def __hash__(self) -> int:
        return hash(self.to_text())

    def to_text(self) -> str:
        """Short text that gives back this code to the bit: `le1.` and base64."""
        head = {
            "parts": {name: len(value) for name, value in self.values.items()},
            "truncation": self.truncation,
            "options": dict(self.options),
        }
        head_bytes = json.dumps(head, separators=(",", ":")).encode()
        raw = b"".join(np.ascontiguousarray(v, np.float32).tobytes() for v in self.values.values())
        packed = zlib.compress(struct.pack("<I", len(head_bytes)) + head_bytes + raw, 9)
        return "le1." + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @staticmethod
    def from_text(text: str) -> Code:
        """The code that `to_text` wrote. Raises `BadCode` for anything else."""
        advice = "Copy a code in Latent Explorer (Edit > Copy code) and paste it again."
        text = "".join(text.split())
        if not text.startswith("le1."):
            raise BadCode("This text is not a latent code.", advice)
        try:
            body = text[4:] + "=" * (-len(text[4:]) % 4)
            inflater = zlib.decompressobj()
            raw = inflater.decompress(base64.urlsafe_b64decode(body), 64 << 20)
            (head_size,) = struct.unpack_from("<I", raw)
            head = json.loads(raw[4 : 4 + head_size])
            numbers = np.frombuffer(raw, np.float32, offset=4 + head_size)
            if len(numbers) != sum(head["parts"].values()):
                raise ValueError("length")
            values, at = {}, 0
            for name, size in head["parts"].items():
                values[name] = numbers[at : at + size].copy()
                at += size
            options = {str(k): float(v) for k, v in head["options"].items()}
            code = Code(values, float(head["truncation"]), options)
        except (ValueError, KeyError, TypeError, AttributeError, struct.error, zlib.error) as error:
            raise BadCode("This latent code is damaged.", advice) from error
        if not np.isfinite(numbers).all() or not np.isfinite(code.truncation):
            raise BadCode("This latent code holds numbers that are not finite.", advice)
        return code


@dataclass(frozen=True)
class LatentSpace:
    """The ordered parts that a model reads."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise BadCode(f"Two parts of a latent space share a name: {names}.")

    @cached_property
    def size(self) -> int:
        """D, the length of a packed code."""
        return sum(part.size for part in self.parts)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each part lies in a packed code."""
        out, at = {}, 0
        for part in self.parts:
            out[part.name] = slice(at, at + part.size)
            at += part.size
        return out

    def __getitem__(self, name: str) -> Part:
        for part in self.parts:
            if part.name == name:
                return part
        raise BadCode(f"This latent space has no part named {name!r}.")

    @property
    def main(self) -> Part:
        """The part people steer first: the largest continuous content part."""
        content = [p for p in self.parts if p.continuous and p.role == "content"]
        return max(content or self.parts, key=lambda p: p.size)

    @property
    def label(self) -> Part | None:
        """The categorical part, where there is one."""
        return next((p for p in self.parts if p.prior is Prior.CATEGORICAL), None)

    def sample(self, seed: int) -> Code:
        """The code of a seed: the same on every machine."""
        return self.unpack(self.sample_many(1, seed)[0])

    def sample_many(self, count: int, seed: int) -> Array:
        """`count` codes drawn from the prior: `[count, D]`. Row 0 is `sample(seed)`."""
        if not self.parts:
            return np.zeros((count, 0), np.float32)
        rngs = np.random.default_rng(abs(int(seed))).spawn(len(self.parts))
        drawn = [part.sample(rng, count) for part, rng in zip(self.parts, rngs, strict=True)]
        return np.concatenate(drawn, axis=1).astype(np.float32)

    def centre(self) -> Code:
        return Code({part.name: part.centre.copy() for part in self.parts})

    def lattice(self, x: float, y: float) -> Code:
        """The continuous two-number latent: a bilinear blend of the four seeds around (x, y).

        Seeds stand on a lattice, seed = column + 100 row, as in StyleGAN3's visualizer; any spot is
        reproducible from its two numbers. Gaussian and spherical parts are divided by the norm of
        the weights, so that a blend of normals is normal again.
        """
        column, row = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - column, y - row
        corners = [(0, 0, (1 - fx) * (1 - fy)), (1, 0, fx * (1 - fy))]
        corners += [(0, 1, (1 - fx) * fy), (1, 1, fx * fy)]
        weights = np.array([w for _, _, w in corners], np.float32)
        seeds = [column + dx + LATTICE_ROW * (row + dy) for dx, dy, _ in corners]
        codes = [self.sample(seed).values for seed in seeds]
        values = {}
        for part in self.parts:
            stack = np.stack([c[part.name] for c in codes])  # [4, d]
            if not part.continuous:
                values[part.name] = stack[int(weights.argmax())]
                continue
            blend = weights @ (stack - part.centre)
            if part.prior in (Prior.GAUSSIAN, Prior.EMPIRICAL):
                blend = blend / np.linalg.norm(weights)
            elif part.prior is Prior.SPHERE:
                blend = blend * (part.size**0.5 / max(float(np.linalg.norm(blend)), 1e-9))
            values[part.name] = (blend + part.centre).astype(np.float32)
        return Code(values)

    def pack(self, code: Code) -> Array:
        """The vector `[D]` of a code. Raises `BadCode` when a part is missing or has another size."""
        for part in self.parts:
            if part.name not in code.values:
                raise BadCode(f"This code has no part {part.name!r}; it belongs to another model.")
            if len(code.values[part.name]) != part.size:
                got = len(code.values[part.name])
                raise BadCode(f"Part {part.name!r} has {got} values; this model reads {part.size}.")
        if not self.parts:
            return np.zeros(0, np.float32)
        return np.concatenate([code.values[part.name] for part in self.parts]).astype(np.float32)

    def fits(self, code: Code) -> bool:
        """Whether a code has every part of this space, in its size: whether `pack` takes it."""
        return all(
            part.name in code.values and len(code.values[part.name]) == part.size for part in self.parts
        )

    def pack_many(self, codes: list[Code]) -> Array:
        return (
            np.stack([self.pack(code) for code in codes]) if codes else np.zeros((0, self.size), np.float32)
        )

    def unpack(self, vector: Array, truncation: float = 1.0) -> Code:
        """The code of a vector `[D]`."""
        return Code({name: vector[at].copy() for name, at in self.slices.items()}, truncation)

    def truncate(self, codes: Array, psi: float) -> Array:
        """Pull the continuous parts of `[N, D]` towards their centres: centre + psi (z - centre)."""
        if psi == 1.0:
            return codes
        out = codes.copy()
        for part in self.parts:
            if part.continuous and part.role == "content":
                at = self.slices[part.name]
                out[:, at] = part.centre + psi * (codes[:, at] - part.centre)
        return out

    def agrees_with(self, other: LatentSpace) -> bool:
        """Whether a code of one is a code of the other: same parts, shapes and priors."""
        key = [(p.name, p.shape, p.prior) for p in self.parts]
        return key == [(p.name, p.shape, p.prior) for p in other.parts]

    def to_json(self) -> list[dict[str, Any]]:
        return [part.to_json() for part in self.parts]

    @staticmethod
    def from_json(data: list[Mapping[str, Any]]) -> LatentSpace:
        return LatentSpace(tuple(Part.from_json(part) for part in data))
