"""Settings that show one thing each, for a lecture. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainers.toys.settings import ToySettings


@dataclass(frozen=True)
class ToyPreset:
    """`acts` are done first: what and how often."""

    name: str
    title: str
    help: str
    values: Mapping[str, Any]
    acts: tuple[tuple[str, int], ...] = field(default=())

    @property
    def settings(self) -> ToySettings:
        return ToySettings.from_mapping(self.values)


AHEAD = (("critic", 150),)  # the critic learns alone until it tells everything
_ALL = (
    ToyPreset(
        "vanishing", "Minimax: vanishing gradient",
        "The critic learns alone first. Where it is sure, minimax is flat: no arrows, nothing learned.",
        {"loss": "minimax", "data": "ring", "optimiser": "sgd", "rate": 0.02}, AHEAD),
    ToyPreset(
        "non-saturating", "Non-saturating: the same start",
        "The same critic, the same points; this loss pulls hardest where the critic is sure.",
        {"loss": "non-saturating", "data": "ring", "optimiser": "sgd", "rate": 0.02}, AHEAD),
    ToyPreset(
        "collapse", "Mode collapse on the ring",
        "A fast generator and a slow critic: the points run after one island together.",
        {"loss": "non-saturating", "data": "ring", "rate": 4e-3, "critic_rate": 1e-3}),
    ToyPreset(
        "wgan-gp", "WGAN-GP on the grid",
        "Slopes of 1 everywhere: the arrows never vanish, and island after island is found.",
        {"loss": "wasserstein", "penalty": "wgan-gp", "data": "grid", "critic_steps": 3}),
    ToyPreset(
        "clipping", "WGAN with clipped weights",
        "The first way to bound the slope: simple surfaces, small gradients.",
        {"loss": "wasserstein", "penalty": "clip", "data": "grid", "critic_steps": 5}),
    ToyPreset(
        "unbounded", "Wasserstein without a bound",
        "Nothing holds the critic's slope: it gets steep and throws the points about.",
        {"loss": "wasserstein", "data": "ring"}),
    ToyPreset(
        "r1", "R1 calms the game",
        "A penalty on the slope at real points: the players come to rest instead of circling.",
        {"loss": "non-saturating", "penalty": "r1", "data": "ring", "penalty_weight": 0.2}),
    ToyPreset(
        "vae", "VAE: what gets blurred",
        "It covers everything, bridges included. The arrows lead from data to their reconstructions.",
        {"kind": "vae", "data": "moons"}),
    ToyPreset(
        "diffusion", "Diffusion: the score field",
        "Arrows point to where there are more data; samples follow them out of noise.",
        {"kind": "diffusion", "data": "swiss-roll", "rate": 2e-3}),
    ToyPreset(
        "flow", "Flow: it can't tear",
        "One piece of normal noise is bent; between two moons a thread stays.",
        {"kind": "flow", "data": "moons", "rate": 2e-3}),
)  # fmt: skip

PRESETS = {one.name: one for one in _ALL}
