"""One name for each paper: a trainer and the settings that the paper has. No torch.

`main.py train lsgan --data mnist` and the Train tab offer them beside the trainers themselves. What they give
are defaults: any setting can still be changed. Widths and the number of steps are ours, sized for small
images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass, replace
from typing import Any

from trainers.api import Settings, TrainerInfo


@dataclass(frozen=True)
class Preset:
    """A paper's settings for the trainer of that name; `settings` are those that differ from its defaults."""

    name: str
    trainer: str
    title: str
    description: str
    settings: Mapping[str, Any]

    def info(self, trainer: TrainerInfo) -> TrainerInfo:
        """What the form shows: the trainer's settings with this preset's values as their defaults."""
        return replace(trainer, title=self.title, description=self.description,
                       settings=with_defaults(trainer.settings, self.settings))  # fmt: skip


def with_defaults(settings: type[Settings], values: Mapping[str, Any]) -> type[Settings]:
    """The same settings with other defaults."""
    known = settings.__dataclass_fields__
    changed = [(name, known[name].type, field(default=value, metadata=known[name].metadata))
               for name, value in values.items()]  # fmt: skip
    return make_dataclass(settings.__name__, changed, bases=(settings,), frozen=True)


DCGAN: dict[str, Any] = {
    "prior": "uniform", "latent": 100, "discriminator_norm": "batch", "batch": 128, "settle_from": 1.0,
}  # fmt: skip
GAN: dict[str, Any] = {
    "body": "mlp", "norm": "none", "prior": "uniform", "latent": 100, "settle_from": 1.0,
}  # fmt: skip
GRADIENT: dict[str, Any] = {"momentum": 0.0, "averaging": 0.9, "discriminator_steps": 5, "batch": 64}
SPECTRAL: dict[str, Any] = {
    **GRADIENT, "body": "resnet", "upsample": "nearest", "downsample": "pooled", "spectral": True,
    "loss": "hinge",
}  # fmt: skip

ADVERSARIAL = (
    Preset("gan", "gan", "GAN (2014)",
           "The first one: fully connected, trained by the loss that its paper advises. Goodfellow et al. "
           "2014 (with Adam and ReLU for its momentum and maxout).", GAN),
    Preset("gan-minimax", "gan", "GAN, minimax loss",
           "The same with the loss as first written: watch the generator's gradient vanish when the critic "
           "wins. Goodfellow et al. 2014, equation 1.", {**GAN, "loss": "minimax"}),
    Preset("dcgan", "gan", "DCGAN",
           "Convolutions with batch norm in both networks: the recipe that made GANs usable. Radford, Metz "
           "and Chintala 2016.", DCGAN),
    Preset("lsgan", "gan", "LSGAN",
           "Least squares pull scores to 0 and 1, so that images on the right side still get a gradient. Mao "
           "et al. 2017.", {**DCGAN, "loss": "least-squares"}),
    Preset("wgan", "gan", "WGAN",
           "The Wasserstein distance as the loss: its curve says how good the images are. Weights are "
           "clipped. Arjovsky et al. 2017.",
           {**DCGAN, "loss": "wasserstein", "clip": 0.01, "discriminator_steps": 5, "optimiser": "rmsprop",
            "discriminator_optimiser": "rmsprop", "generator_rate": 5e-5, "discriminator_rate": 5e-5,
            "batch": 64}),
    Preset("wgan-gp", "gan", "WGAN-GP",
           "The same distance with a penalty on the critic's slope instead of clipped weights. Gulrajani et "
           "al. 2017.", {**GRADIENT, "loss": "wasserstein", "penalty": "wgan-gp", "generator_rate": 1e-4,
                     "discriminator_rate": 1e-4}),
    Preset("dragan", "gan", "DRAGAN",
           "The first loss with a penalty on the slope around real images: fewer modes are lost. Kodali et "
           "al. 2017.", {"penalty": "dragan", "settle_from": 1.0}),
    Preset("sngan", "gan", "SNGAN",
           "Residual networks, hinge loss, and a critic whose slope is bounded by spectral norm. Miyato et "
           "al. 2018.", SPECTRAL),
    Preset("began", "gan", "BEGAN",
           "The critic is an autoencoder; a balance keeps both players level, and one curve shows "
           "convergence. Berthelot et al. 2017.",
           {"loss": "began", "norm": "none", "upsample": "nearest", "prior": "uniform", "batch": 16,
            "generator_rate": 1e-4, "discriminator_rate": 1e-4, "settle_from": 1.0}),
    Preset("cgan", "cgan", "Conditional GAN (2014)",
           "Both players get the class beside their input. Mirza and Osindero 2014.",
           {**GAN, "labels": "concatenation"}),
    Preset("acgan", "cgan", "AC-GAN",
           "The critic names the class of what it sees, and the generator is paid for being recognised. "
           "Odena et al. 2017.", {**DCGAN, "labels": "auxiliary"}),
    Preset("projection", "cgan", "Projection GAN",
           "SNGAN whose critic compares an image's features with those of its class. Miyato and Koyama 2018.",
           {**SPECTRAL, "labels": "projection"}),
)  # fmt: skip

APART = (
    Preset("beta-vae", "betavae", "beta-VAE",
           "More weight on the divergence from the prior than the bound has: dimensions come apart, images "
           "get softer. Higgins et al. 2017.", {"objective": "bound", "kl_weight": 4.0}),
    Preset("annealed-vae", "betavae", "beta-VAE, controlled capacity",
           "The code is let carry a number of nats that grows as it trains, so that one factor after another "
           "is taken in. Burgess et al. 2018.", {"objective": "capacity"}),
    Preset("factor-vae", "betavae", "FactorVAE",
           "A critic tells codes from codes with shuffled dimensions, and the encoder makes them alike. Kim "
           "and Mnih 2018.", {"objective": "critic", "correlation_weight": 11.0}),
    Preset("beta-tcvae", "betavae", "beta-TCVAE",
           "The part of the divergence that dimensions share, estimated from the batch alone, weighs more. "
           "Chen et al. 2018.", {"objective": "total-correlation", "correlation_weight": 6.0}),
    Preset("dip-vae-i", "betavae", "DIP-VAE I",
           "The encoder's means are pressed to be uncorrelated. Kumar et al. 2018.",
           {"objective": "covariance-means", "off_diagonal": 10.0, "diagonal": 100.0}),
    Preset("dip-vae-ii", "betavae", "DIP-VAE II",
           "Whole codes, not only their means, are pressed to be uncorrelated with variance one. Kumar et "
           "al. 2018.", {"objective": "covariance-codes", "off_diagonal": 10.0, "diagonal": 10.0}),
)  # fmt: skip

PAIRED = (
    Preset("cyclevae", "pairs", "Cycle-consistent VAE",
           "Pairs of one class; the encoder must read the same varying code back from two classes, so that "
           "the class can't hide in it. Jha et al. 2018.", {"method": "cycle"}),
    Preset("szabo", "pairs", "Common and varying, critic of pairs",
           "Pairs of one class; a critic tells real pairs from those whose second image has another's "
           "varying code. Szabó et al. 2018.", {"method": "szabo"}),
    Preset("mathieu", "pairs", "Common and varying, critic that knows the class",
           "Pairs of one class; a critic that is told the class judges images with another's varying code. "
           "Mathieu et al. 2016.", {"method": "mathieu"}),
)  # fmt: skip

MIXED = (
    Preset("mix", "chunks", "MIX",
           "Chunks exchanged between images, one mask for a batch and no loss on chunks read again, as the "
           "authors have it. Hu et al. 2018.",
           {"chunks": 8, "latent": 64, "mask": "batch", "shown": "image", "feature_weight": 0.0,
            "interaction_weight": 0.0, "copy_weight": 10.0, "cycle_weight": 10.0, "mix_from": 0.05,
            "fade_from": 1.0, "momentum": 0.5, "averaging": 0.999, "real_weight": 1.0,
            "naming_weight": 1.0, "learning_rate": 2e-4, "critic_rate": 2e-4}),
)  # fmt: skip

PRESETS = (*ADVERSARIAL, *APART, *PAIRED, *MIXED)
