"""On which codes models are compared: the current one, a grid of seeds, a walk."""

from __future__ import annotations

from backends.api import Array, ModelInfo
from explorer.latent import compare
from explorer.model.session import Session

CODE, SAMPLES, ENCODE, WALK = "code", "samples", "encode", "walk"
MODES = {CODE: "Current code", SAMPLES: "Sample grid", ENCODE: "Encode an image", WALK: "Walk"}


def codes_for(session: Session, mode: str, info: ModelInfo, count: int) -> tuple[Array, float, str]:
    """What a model is shown on in this mode: codes `[N, D]`, truncation, and whose they are."""
    seed = session.state.seed
    truncation = session.code.truncation if session.code is not None else 1.0
    if mode == CODE:
        code, shared = compare.code_of(info.space, session.space, session.code, seed)
        said = "same code" if shared else f"own space, seed {seed}"
        return info.space.pack(code)[None], truncation, said
    if mode == SAMPLES:
        seeds = range(seed, seed + count)
        codes = info.space.pack_many([info.space.sample(s) for s in seeds])
        return codes, truncation, f"seeds {seed} to {seeds[-1]}"
    path, ends = session.state.path, None
    owner = session.models.get(path.model)
    if owner is not None and len(path.codes) > 1 and owner.space.agrees_with(info.space):
        ends = (path.codes[0], path.codes[-1])
    codes = compare.walk_of(info.space, ends, seed, count, path.how)
    return codes, 1.0, "the same walk" if ends else f"seed {seed} to seed {seed + 1}"
