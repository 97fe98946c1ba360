"""What the training of a GAN can choose: one loss, and the tricks that keep the game going. No torch.

Many are of the list of tricks that Denton, Chintala, Arjovsky and Mathieu gave ("How to train a GAN?", 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.errors import BadSettings
from trainers.api import setting
from trainers.learner import NetworkSettings
from trainers.losses.adversarial import LABELLED

LOSSES = ("minimax", "non-saturating", "least-squares", "wasserstein", "hinge", "began")
NORMS = ("batch", "instance", "layer", "none")


@dataclass(frozen=True)
class GanSettings(NetworkSettings):
    """Settings of `trainers.gan`; each trick can be switched by itself."""

    body: str = setting(
        "conv", "Convolutions as in DCGAN; resnet adds ways past its layers, stabler and slower; mlp is the "
        "fully connected one of the first paper.", choices=("conv", "resnet", "mlp"))  # fmt: skip
    latent: int = setting(
        64, "Numbers in a code. Few are easy to steer, more give more variety.", low=1, high=1024
    )
    prior: str = setting(
        "gaussian", "Where codes are drawn from. Sphere is where nearly all of a gaussian's mass lies "
        "anyway; uniform is DCGAN's, but straight walks in it hug its corners.",
        choices=("gaussian", "sphere", "uniform"))  # fmt: skip
    upsample: str = setting(
        "transposed", "How resolution doubles: transposed convolutions are fast; nearest neighbours and a "
        "convolution leave no checkerboards; pixelshuffle lays channels out as pixels.",
        choices=("transposed", "nearest", "pixelshuffle"))  # fmt: skip
    norm: str = setting(
        "batch", "Between the generator's layers: batch norm (of an mlp and of maps), instance norm (maps), "
        "layer norm, or none. It keeps the signal's scale; batch norm ties the images of a batch together.",
        choices=NORMS)  # fmt: skip
    finest: str = setting(
        "half", "Of conv bodies: half makes the last maps half as large as the image, as DCGAN's paper does, "
        "and is about three times as fast; full refines every pixel.", choices=("half", "full"))  # fmt: skip
    layer_noise: float = setting(
        0.0, "Deviation of gaussian noise after each layer of both networks while training: the generator "
        "learns to withstand it, the critic can't cling to details (Zhao et al. 2017).",
        low=0, high=1)  # fmt: skip

    discriminator_width: int = setting(
        24, "Channels of the critic at full resolution; it costs most of the time.", low=4, high=256,
        group="Critic", label="Critic's width")  # fmt: skip
    discriminator_norm: str = setting(
        "none", "Between the critic's layers. Batch norm speeds it up and shows it the batch, but a gradient "
        "penalty needs scores that depend on one image: then take layer norm or none.",
        choices=NORMS, group="Critic", label="Critic's norm")  # fmt: skip
    downsample: str = setting(
        "strided", "How the critic halves resolution: strided convolutions learn it; pooled takes the mean "
        "of 2x2 pixels, whose gradient reaches all of them. Never maxima: their gradients are sparse.",
        choices=("strided", "pooled"), group="Critic")  # fmt: skip
    spread: bool = setting(
        False, "The critic sees how much the images of a batch differ, and so sees a collapse "
        "(Karras et al. 2018).", group="Critic", label="Sees the batch's spread")  # fmt: skip
    spectral: bool = setting(
        False, "Spectral norm in the critic: bounds its slope everywhere, at no cost (Miyato et al. 2018).",
        group="Critic", label="Spectral norm")  # fmt: skip
    separate_batches: bool = setting(
        True, "Real and generated images go through the critic in batches of their own, so that statistics "
        "over a batch differ for the two.", group="Critic")  # fmt: skip
    discriminator_steps: int = setting(
        1, "Steps of the critic for one of the generator, each on a new batch: a Wasserstein critic should "
        "be near its best.", low=1, high=10, group="Critic", label="Critic's steps")  # fmt: skip

    loss: str = setting(
        "non-saturating", "minimax: as first written; its gradient vanishes when the critic wins. "
        "non-saturating: the same game with a gradient that stays. least-squares: pulls scores to 0 and 1. "
        "wasserstein: a distance, for a critic of bounded slope. hinge: a margin, for spectral norm. "
        "began: an autoencoder's errors, balanced.", choices=LOSSES, group="Loss")  # fmt: skip
    penalty: str = setting(
        "none", "Pulls the critic's slope to 1: between real and generated images (WGAN-GP) or around real "
        "ones (DRAGAN).", choices=("none", "wgan-gp", "dragan"), group="Loss")  # fmt: skip
    penalty_weight: float = setting(10.0, "lambda on that penalty.", low=0, high=1000, group="Loss")
    clip: float = setting(
        0.0, "Largest weight of the critic: the first way to bound a Wasserstein critic (0.01). 0 turns it "
        "off.", low=0, high=1, group="Loss", label="Weight clipping")  # fmt: skip
    r1: float = setting(
        0.0, "gamma of the R1 penalty on the critic's slope at real images: damps the circling of the two "
        "players. 0 turns it off.", low=0, high=100, group="Loss", label="R1 penalty")  # fmt: skip
    smoothing: float = setting(
        0.0, "Real labels are 1 minus this (0.1 is usual): the critic stays less sure, its gradient useful. "
        "Generated ones stay 0 (Salimans et al. 2016).", low=0, high=0.4, group="Loss",
        label="Label smoothing")  # fmt: skip
    flipped: float = setting(
        0.0, "Share of real and generated labels that are exchanged at random, so that the critic never is "
        "certain.", low=0, high=0.3, group="Loss", label="Label flipping")  # fmt: skip
    noise: float = setting(
        0.0, "Deviation of the noise on all images that the critic sees, at the start: real and generated "
        "ones then overlap, and it has something to say (Sonderby et al. 2017).",
        low=0, high=1, group="Loss", label="Instance noise")  # fmt: skip
    noise_until: float = setting(
        0.5, "Share of the training over which that noise falls to zero.", low=0, high=1, group="Loss"
    )
    gamma: float = setting(
        0.5, "BEGAN's balance: error on generated over error on real images. Lower is sharper and less "
        "varied.", low=0.05, high=1, group="Loss", label="BEGAN's gamma")  # fmt: skip
    balance_rate: float = setting(
        0.001, "Step size of BEGAN's k.", low=1e-5, high=0.1, group="Loss", label="BEGAN's lambda k"
    )

    generator_rate: float = setting(
        2e-4, "Step size for the generator.", low=1e-6, high=0.1, group="Optimisation")  # fmt: skip
    discriminator_rate: float = setting(
        2e-4, "Step size for the critic. Two time scales: a higher one than the generator's keeps it ahead "
        "without more steps (Heusel et al. 2017).", low=1e-6, high=0.1, group="Optimisation",
        label="Critic's rate")  # fmt: skip
    optimiser: str = setting(
        "adam", "For the generator. RMSprop has no momentum, which a Wasserstein critic's moving target "
        "misleads.", choices=("adam", "rmsprop"), group="Optimisation")  # fmt: skip
    discriminator_optimiser: str = setting(
        "adam", "For the critic. SGD learns slower than Adam and so doesn't win at once; it needs a rate "
        "about 100 times as high.", choices=("adam", "rmsprop", "sgd"), group="Optimisation",
        label="Critic's optimiser")  # fmt: skip
    momentum: float = setting(
        0.5, "beta 1 of Adam, momentum of SGD: the opponent moves, so old gradients soon mislead; DCGAN uses "
        "0.5, WGAN-GP 0.", low=0, high=0.99, group="Optimisation")  # fmt: skip
    averaging: float = setting(
        0.999, "beta 2 of Adam: how long it remembers the gradient's size.", low=0.5, high=0.9999,
        group="Optimisation")  # fmt: skip
    settle_from: float = setting(
        0.6, "Share of the training after which the rates fall to a tenth, so that the game comes to rest "
        "(1: never).", low=0, high=1, group="Optimisation")  # fmt: skip

    def why_whole(self) -> str:
        if self.loss == "began":
            return "BEGAN's balance is that of the whole batch"
        if self.penalty == "dragan":
            return "DRAGAN's noise is as wide as the whole batch"
        return "the critic sees how much the images of a batch differ" if self.spread else ""

    def check(self) -> None:
        super().check()
        for wrong, what, advice in (*self._slopes(), *self._labels(), *self._began(), *self._networks()):
            if wrong:
                raise BadSettings(what, advice)

    def _slopes(self) -> tuple[tuple[bool, str, str], ...]:
        bounds = [self.clip > 0, self.penalty != "none", self.r1 > 0, self.spectral]
        penalised = self.penalty != "none" or self.r1 > 0
        return (
            (penalised and self.discriminator_norm == "batch",
             "A gradient penalty needs scores of one image each, and batch norm mixes a batch.",
             "Choose layer norm or none for the critic."),
            (self.loss == "wasserstein" and not any(bounds),
             "A Wasserstein critic without a bounded slope grows for ever.",
             "Turn on the wgan-gp penalty, R1, weight clipping or spectral norm."),
            (self.clip > 0 and self.spectral, "Weight clipping and spectral norm bound the same thing twice.",
             "Turn one of them off."),
        )  # fmt: skip

    def _labels(self) -> tuple[tuple[bool, str, str], ...]:
        tricks = self.smoothing > 0 or self.flipped > 0
        return (
            (tricks and self.loss not in LABELLED,
             f"The {self.loss} loss has no labels that could be smoothed or flipped.",
             "Set smoothing and flipping to 0, or choose minimax, non-saturating or least-squares."),
        )  # fmt: skip

    def _began(self) -> tuple[tuple[bool, str, str], ...]:
        bounded = self.penalty != "none" or self.r1 > 0 or self.clip > 0 or self.spectral
        began = self.loss == "began"
        return (
            (began and bounded, "BEGAN's critic is an autoencoder; a bound on its slope would stop it.",
             "Turn off penalties, R1, clipping and spectral norm."),
            (began and self.spread, "BEGAN's critic has one error for each image and sees no batch.",
             "Turn off the batch's spread."),
            (began and self.discriminator_norm == "batch",
             "With batch norm BEGAN's critic would rebuild an image from others of its batch.",
             "Choose layer norm or none for the critic."),
        )  # fmt: skip

    def _networks(self) -> tuple[tuple[bool, str, str], ...]:
        instance = "instance" in (self.norm, self.discriminator_norm)
        return (
            (self.body == "mlp" and instance, "Instance norm needs maps, which an mlp has not.",
             "Choose batch or layer norm, or another body."),
        )  # fmt: skip
