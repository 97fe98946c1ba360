"""The networks that a configuration asks for, whichever `body` it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from backends.nets.conv import ConvDecoder, ConvDiscriminator, ConvEncoder, init_dcgan, init_leaky
from backends.nets.mlp import ImageShape, MlpDecoder, MlpDiscriminator, MlpEncoder


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
    """The same for a GAN: batch norm in every body, small normal weights, tanh at the end."""
    shape, width, depth = image_shape(config), config["width"], config["depth"]
    if config["body"] == "mlp":
        network: nn.Module = MlpDecoder(inputs, shape, width, depth, norm=True)
    else:
        network = ConvDecoder(inputs, shape, width, depth, config["upsample"])
    init_dcgan(network)
    return nn.Sequential(network, nn.Tanh())


def discriminator(
    config: Mapping[str, Any], width: int, classes: int = 0, *, spectral: bool = False
) -> nn.Module:
    """Images in [-1, 1] (and class weights `[N, classes]`) -> scores `[N]`, for training only."""
    kind = MlpDiscriminator if config["body"] == "mlp" else ConvDiscriminator
    network = kind(image_shape(config), width, classes, spectral=spectral)
    if not spectral:
        init_leaky(network)
    return network
