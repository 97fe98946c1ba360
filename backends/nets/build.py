"""The networks that a configuration asks for, whichever `body` it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from backends.nets.conv import ConvDecoder, ConvEncoder, init_dcgan, init_leaky
from backends.nets.critics import AutoencodingCritic, Critic, Critical
from backends.nets.mlp import ImageShape, MlpDecoder, MlpEncoder
from backends.nets.resnet import ResnetDecoder


def image_shape(config: Mapping[str, Any]) -> ImageShape:
    """(H, W, C) of a configuration."""
    return config["image_size"], config["image_size"], config["channels"]


def encoder(config: Mapping[str, Any], outputs: int) -> nn.Module:
    """Images `[N, C, H, W]` -> `[N, outputs]`."""
    kind = MlpEncoder if config["body"] == "mlp" else ConvEncoder
    return kind(image_shape(config), outputs, config["width"], config["depth"])


def decoder(config: Mapping[str, Any], inputs: int) -> nn.Module:
    """Codes `[N, inputs]` -> raw images `[N, C, H, W]`."""
    shape, width, depth = image_shape(config), config["width"], config["depth"]
    if config["body"] == "mlp":
        return MlpDecoder(inputs, shape, width, depth)
    return ConvDecoder(inputs, shape, width, depth, config["upsample"])


def generator(config: Mapping[str, Any], inputs: int) -> nn.Module:
    """The same for a GAN: a norm in every body, tanh at the end.

    `norm` (batch), `finest` (full) and the body resnet are for families that have them.
    """
    shape, width, depth = image_shape(config), config["width"], config["depth"]
    norm, how = config.get("norm", "batch"), config["upsample"]
    if config["body"] == "mlp":
        network: nn.Module = MlpDecoder(inputs, shape, width, depth, norm=norm)
    elif config["body"] == "resnet":
        network = ResnetDecoder(inputs, shape, width, depth, how, norm)
    else:
        network = ConvDecoder(inputs, shape, width, depth, how, norm, config.get("finest", "full"))
    # Without a norm, DCGAN's small weights would let the signal of narrow layers fade.
    (init_leaky if norm == "none" else init_dcgan)(network)
    return nn.Sequential(network, nn.Tanh())


def discriminator(config: Mapping[str, Any], how: Critical, *, autoencoding: bool = False) -> nn.Module:
    """Images in [-1, 1] (and class weights `[N, K]`) -> scores `[N]`, logits or None; for training only."""
    config = {"finest": "full", **config}
    return AutoencodingCritic(config, how) if autoencoding else Critic(config, how)
