"""Our model files: one `.safetensors` whose metadata holds a JSON header. Data only, never code.

Layout: 8 bytes of header length, a JSON header, raw tensors (the safetensors format, so that any
tool can look inside). `__metadata__` has `latent_explorer` (the format's version), `info` (the
`ModelInfo` as JSON) and `checksum`: the SHA-256 of the tensors' layout, the info and all tensor
bytes, so that one flipped bit anywhere is noticed. `read_info` needs no torch and no tensor bytes.

Weights of two dimensions and more may be stored in half precision (bundled models are); what is
loaded is always float32. Biases and running statistics stay float32, they are small and delicate.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.api import ModelInfo
from backends.errors import BadModel, ExplorerError
from backends.files import swap
from backends.foreign.sniff import sniff

if TYPE_CHECKING:
    import torch

    from backends.model import Model

VERSION = 1
SUFFIX = ".safetensors"
HEADER_LIMIT = 32 << 20  # bytes; a longer header is damage or an attack, not a model
AGAIN = "Download or train it again."
BYTES = {"F32": 4, "F16": 2, "I64": 8}


def save(path: str | Path, model: Model, info: ModelInfo | None = None, *, half: bool = False) -> ModelInfo:
    """Write `model` atomically and return its completed info.

    What the model knows itself (family's configuration, space, capabilities, shape, number of
    parameters) is taken from it; `info` gives the rest (name, figures, data set, …). `half` stores
    the large tensors as float16.
    """
    import torch

    tensors = {}
    for name, tensor in model.state_dict().items():
        kind = torch.int64 if not tensor.is_floating_point() else torch.float32
        kind = torch.float16 if half and kind == torch.float32 and tensor.ndim > 1 else kind
        tensors[name] = tensor.detach().to("cpu", kind).contiguous()
    wrong = [name for name, t in tensors.items() if not bool(torch.isfinite(t).all())]
    if wrong:
        raise BadModel(f"{wrong[0]} holds a number that isn't finite.", "Go on from an earlier checkpoint.")
    given = info or describe(model)
    known = describe(model, name=given.name, family=given.family)
    own = ("space", "capabilities", "image_shape", "config", "knobs", "views", "parameters")
    complete = replace(given, path=str(path), **{key: getattr(known, key) for key in own})
    return replace(complete, checksum=_write(Path(path), complete, tensors))


def describe(model: Model, name: str = "", family: str = "") -> ModelInfo:
    """What a model knows of itself."""
    count = sum(p.numel() for p in model.parameters())
    return ModelInfo(
        path="", name=name, family=family, space=model.space, capabilities=model.capabilities,
        image_shape=model.image_shape, config=model.config, knobs=model.knobs, views=model.views,
        parameters=count,
    )  # fmt: skip


def read_info(path: str | Path) -> ModelInfo:
    """The info of a file, without its weights. Raises `BadModel` for anything but an intact header."""
    return _read_header(Path(path))[0]


def load(path: str | Path, device: str = "cpu") -> Model:
    """The model of a file, on `device`, ready to run. Every failure is one `BadModel`."""
    path = Path(path)
    info, header, start = _read_header(path)
    try:
        body = path.read_bytes()[start:]
    except (OSError, MemoryError) as error:
        raise BadModel(
            f"{path.name} can't be read: {error}.", "Check the disk and the permissions."
        ) from None
    if _checksum(header, body) != header["__metadata__"].get("checksum"):
        raise BadModel(f"{path.name} is damaged: its checksum is wrong.", AGAIN)
    return _assemble(path, info, _tensors(header, body)).to(device)


def _assemble(path: Path, info: ModelInfo, tensors: dict[str, torch.Tensor]) -> Model:
    """Build the network without memory, then hang in the file's tensors: only sizes that match pass."""
    import torch

    from backends.registry import family

    try:
        with torch.device("meta"):
            model = family(info.family).build(info.config)
    except ExplorerError as error:
        raise BadModel(f"{path.name} can't be used: {error.what}", error.advice or AGAIN) from None
    wanted = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    got = {name: tuple(t.shape) for name, t in tensors.items()}
    if wanted != got:
        odd = sorted(set(wanted.items()) ^ set(got.items()))[0][0]
        raise BadModel(f"{path.name} doesn't fit its own description, at {odd}.", AGAIN)
    if not (model.space.agrees_with(info.space) and model.image_shape == info.image_shape):
        raise BadModel(f"{path.name} describes another latent space than its network has.", AGAIN)
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise BadModel(f"{path.name} holds a number that isn't finite, in {name}.", AGAIN)
    model.load_state_dict(tensors, assign=True)
    model.space = info.space
    model.requires_grad_(False)
    return model.eval()


def _tensors(header: Mapping[str, Any], body: bytes) -> dict[str, torch.Tensor]:
    """The tensors of a file, floats as float32."""
    import torch

    kinds = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64}
    out = {}
    for name, entry in _entries(header).items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(bytearray(body[begin:end]), dtype=kinds[entry["dtype"]])
        tensor = flat.reshape(entry["shape"])
        out[name] = tensor.float() if tensor.is_floating_point() else tensor
    return out


def _write(path: Path, info: ModelInfo, tensors: dict[str, torch.Tensor]) -> str:
    """Write header and tensors under a temporary name, flush, rename. Returns the checksum."""
    names = {"torch.float32": "F32", "torch.float16": "F16", "torch.int64": "I64"}
    header: dict[str, Any] = {}
    at, chunks = 0, []
    # Large items first keep every tensor aligned to its own size.
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = tensor.numpy().tobytes()
        entry = {"dtype": names[str(tensor.dtype)], "shape": list(tensor.shape)}
        header[name] = entry | {"data_offsets": [at, at + len(raw)]}
        chunks.append(raw)
        at += len(raw)
    stored = {k: v for k, v in info.to_json().items() if k not in ("path", "checksum")}
    metadata = {"latent_explorer": str(VERSION), "info": json.dumps(stored, separators=(",", ":"))}
    body = b"".join(chunks)
    checksum = _checksum({"__metadata__": metadata, **header}, body)
    header = {"__metadata__": metadata | {"checksum": checksum}, **header}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_atomically(path, struct.pack("<Q", len(text)) + text + body)
    return checksum


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, whatever dies in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        swap(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # not on Windows, where a rename is flushed with the file
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read_header(path: Path) -> tuple[ModelInfo, dict[str, Any], int]:
    """Info, header and where the tensors begin."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            _refuse_foreign(path, head)
            (size,) = struct.unpack_from("<Q", head)
            if size > HEADER_LIMIT:
                raise _unknown(path)
            file.seek(8)
            text = file.read(size)
            total = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise BadModel(f"{path} doesn't exist.", "Check the name, or list the models.") from None
    except IsADirectoryError:
        raise BadModel(f"{path} is a folder.", "Choose a .safetensors file in it.") from None
    except OSError as error:
        raise BadModel(
            f"{path.name} can't be read: {error}.", "Check the disk and the permissions."
        ) from None
    if len(text) < size:
        raise BadModel(f"{path.name} is truncated: {total} bytes are left.", AGAIN)
    header = _parse(path, text)
    _check_layout(path, header, total - 8 - size)
    return _info(path, header), header, 8 + size


def _refuse_foreign(path: Path, head: bytes) -> None:
    if not head:
        raise BadModel(f"{path.name} is empty.", AGAIN)
    # Ours has `{` after the eight bytes of the length, whatever those bytes look like.
    if (head[8:9] != b"{" or len(head) < 10) and (kind := sniff(head)):
        raise BadModel(f"{path.name} is {kind[0]}.", kind[1])
    if len(head) < 10:
        raise BadModel(f"{path.name} is truncated: {len(head)} bytes are left.", AGAIN)
    if head[8:9] != b"{":
        raise _unknown(path)


def _unknown(path: Path) -> BadModel:
    return BadModel(
        f"{path.name} is not a model file of Latent Explorer, or its beginning is damaged.",
        "Choose a .safetensors file that Latent Explorer wrote.",
    )


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise BadModel(f"{path.name} is damaged: its header can't be read.", AGAIN) from None
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or "latent_explorer" not in metadata:
        raise BadModel(
            f"{path.name} is a safetensors file that Latent Explorer didn't write.",
            "It has no description of its network; choose a model trained here.",
        )
    version = str(metadata["latent_explorer"])
    if not version.isdigit() or int(version[:6]) > VERSION:
        raise BadModel(
            f"{path.name} has format {version[:12]}, newer than this program.", "Update Latent Explorer."
        )
    return dict(header)


def _check_layout(path: Path, header: Mapping[str, Any], available: int) -> None:
    """Raise unless the tensors lie one after the other and fill the file exactly."""
    damaged = BadModel(f"{path.name} is damaged: its tensors overlap or have holes.", AGAIN)
    at = 0
    try:
        for entry in sorted(_entries(header).values(), key=lambda e: tuple(e["data_offsets"])):
            begin, end = entry["data_offsets"]
            count = 1
            for n in entry["shape"]:
                if type(n) is not int or n < 0:
                    raise damaged
                count *= n
            if begin != at or end - begin != count * BYTES[entry["dtype"]]:
                raise damaged
            at = end
    except (KeyError, TypeError, ValueError, AttributeError):
        raise damaged from None
    if at != available:
        said = "truncated" if at > available else "longer than its header says"
        raise BadModel(f"{path.name} is {said}: {available} of {at} bytes of weights.", AGAIN)


def _entries(header: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in header.items() if name != "__metadata__"}


def _info(path: Path, header: Mapping[str, Any]) -> ModelInfo:
    metadata = header["__metadata__"]
    try:
        stored = json.loads(metadata["info"])
        info = ModelInfo.from_json({**stored, "path": str(path), "checksum": str(metadata["checksum"])})
        if info.space.size < 0 or not isinstance(info.config, dict):
            raise ValueError("description")
        return info
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError, ExplorerError):
        raise BadModel(f"{path.name} is damaged: its description can't be read.", AGAIN) from None


def _checksum(header: Mapping[str, Any], body: bytes) -> str:
    """SHA-256 over everything but the checksum itself."""
    metadata = {k: v for k, v in header["__metadata__"].items() if k != "checksum"}
    text = json.dumps({**header, "__metadata__": metadata}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    digest.update(body)
    return digest.hexdigest()
