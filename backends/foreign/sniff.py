"""What a file that isn't ours is, told by its first bytes, and what to do with it. No torch.

Nothing is ever run from such a file: pickles and archives are named, not opened.
"""

from __future__ import annotations

KEEP_OUT = "Latent Explorer never runs code from a model file."

# First bytes, what the file is, what to do.
KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "Run: git lfs pull"),
    (b"PK\x03\x04", "a zip archive, perhaps a PyTorch checkpoint (.pt, .pth)", KEEP_OUT),
    (b"PK\x05\x06", "an empty zip archive", "Download it again."),
    (b"\x80", "a Python pickle", KEEP_OUT),
    (b"\x89HDF", "an HDF5 file, perhaps a Keras model", KEEP_OUT),
    (b"GGUF", "a GGUF language model", "Choose a model of images."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\x89PNG", "a PNG picture", "Drop pictures on the image, not on the models."),
    (b"\xff\xd8\xff", "a JPEG picture", "Drop pictures on the image, not on the models."),
    (b"%PDF", "a PDF document", "Choose a .safetensors file that Latent Explorer wrote."),
    (b"\x7fELF", "a program", KEEP_OUT),
    (b"MZ", "a program", KEEP_OUT),
    (b"#!", "a script", KEEP_OUT),
)
HTML = (b"<!doctype", b"<html", b"<?xml")


def sniff(head: bytes) -> tuple[str, str] | None:
    """What a file beginning with `head` is and what to do, or None when its bytes say nothing."""
    for magic, kind, advice in KINDS:
        if head.startswith(magic):
            return kind, advice
    if head.lstrip()[:16].lower().startswith(HTML):
        return "a web page, so the download went wrong", "Download the file itself, not its page."
    return None
