"""What papers report of models like the bundled ones, and what differs. No Qt, no torch.

Only figures that were looked up; a model without a line has none that could be set beside it.
"""

_FID = (
    "the FID of the literature reads Inception's features, this distance those of our classifier: "
    "not comparable"
)

PUBLISHED: dict[str, str] = {
    "mnist-pixelcnn": (
        "81.30 nats (PixelCNN, van den Oord et al. 2016). Theirs is on one published binarisation and knows "
        "no class; ours is on a fixed one of our own, of 2,000 test images, the class summed out"
    ),
    "mnist-infogan": (
        "95 % of categories right (Chen et al. 2016), ours 96 % under the best one-to-one assignment. Ours "
        "is a smaller network, its categories also held steady when an image is moved a little"
    ),
    "mnist-sgan": (
        "93 ± 6.5 errors of 10,000 with 100 labels (Salimans et al. 2016, ten choices of the 100), ours 128 "
        "with one choice; the same network from the 100 labels alone 2,261"
    ),
    "mnist-cyclevae": (
        "Class read from the common part 98.35 %, from the varying part 17.56 % (Jha et al. 2018, 16 + 16 "
        "dimensions); ours 98.1 %, and 24 % from draws of the varying part, 61 % from its means"
    ),
    "sprites-mix": (
        "None: Hu et al. 2018 report retrieval alone. By an oracle on 2,000 swaps one chunk brings the top "
        "in 100 %, hair 88, body 80, trousers 71 (others stay in 87 to 94); one has the pose"
    ),
    "dsprites-tcvae": (
        "MIG about .50 (Chen et al. 2018, 64 × 64 pixels and 50 epochs of all images), ours .40 at 32 × 32"
    ),
    "mnist-vae": (
        "86.76 nats (one-layer VAE of Burda et al. 2016, binarised, 5,000 importance samples); ours models "
        "grey levels, so no such figure is measured"
    ),
    "mnist-cvae": "None of a conditional VAE that could be set beside it",
    "mnist-dcgan": f"None: {_FID}",
    "mnist-cgan": f"None: {_FID}",
    "mnist-wgan-gp": f"None: {_FID}",
    "fashion-dcgan": f"None: {_FID}",
    "mnist-ddpm": "None: Ho et al. 2020 report photographs only",
    "sprites-ddpm": "None: Ho et al. 2020 report photographs only",
}
