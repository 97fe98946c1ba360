"""What the model host answers: one generator per verb, see the table in `backends.api`.

A generator yields any number of partial and progress replies and then one result. Between two
yields, some 20 ms apart at most in bulk work, the host does what is more urgent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from backends import device
from backends.api import Capability, Reply, Request
from backends.errors import BadRequest
from backends.loaded import Arrays, Loaded, Pixels, Shelf
from backends.model import Model
from backends.probes.affine import first_affine
from backends.probes.components import Components, components, layers
from backends.probes.directions import Directions, local, principal
from backends.probes.information import divergences, posterior_of
from backends.space import Array, LatentSpace

Found = TypeVar("Found")
FEWEST = 8  # images that a family of many steps makes together
Replies = Iterator[Reply]
Verb = Callable[[Shelf, Request], Replies]


def load(shelf: Shelf, request: Request) -> Replies:
    yield _result(request, {"info": shelf.take(request.model).info.to_json()})


def generate(shelf: Shelf, request: Request) -> Replies:
    """With partial results from families that take many steps; in chunks."""
    loaded, codes = shelf.take(request.model), _array(request, "codes")
    began = time.perf_counter()
    if loaded.info.can(Capability.PARTIAL):
        images = yield from _step_by_step(request, loaded, codes)
    else:
        (images,) = yield from _in_chunks(
            request, loaded, "generate", codes, lambda rows: (loaded.images(rows, request.options),)
        )
    seconds = time.perf_counter() - began
    yield _result(request, {"seconds": seconds, **_notice(loaded)}, images=images)


def sample(shelf: Shelf, request: Request) -> Replies:
    """Codes of a seed come as drawn; `truncation` only changes their images.

    Of a model that takes many steps they are previews, unless `quality` asks for more: they are many.
    """
    request = replace(request, options={"quality": "preview", **request.options})
    loaded, options = shelf.take(request.model), request.options
    judge = shelf.take(options["classifier"]) if options.get("classifier") else None
    count = int(options.get("count", 1))
    if count < 1:
        raise BadRequest("At least one sample must be asked for.")
    codes = loaded.info.space.sample_many(count, int(options.get("seed", 0)))
    needs_images = judge is not None or bool(options.get("keep_images", True))
    slow = needs_images and loaded.info.can(Capability.PARTIAL)
    at = 0
    while at < count:
        rows = codes[at : at + (_at_once(loaded) if slow else loaded.pace["sample"].size)]
        arrays = {"codes": rows}
        began = time.perf_counter()
        if slow:
            arrays["images"] = yield from _unseen(request, _step_by_step(request, loaded, rows), at / count)
        elif needs_images:
            arrays["images"] = loaded.images(rows, options)
        arrays |= _named(loaded, judge, rows, arrays.get("images"))
        if not slow:
            loaded.pace["sample"].learn(len(rows), time.perf_counter() - began)
        if not options.get("keep_images", True):
            arrays.pop("images", None)
        at += len(rows)
        yield Reply(request.stamp, "partial", {"fraction": at / count}, arrays)
    yield _result(request, {"count": count, **_notice(loaded)})


def _named(loaded: Loaded, judge: Loaded | None, codes: Array, images: Pixels | None) -> dict[str, Pixels]:
    """Labels and confidence: by the classifier, else as the code itself asks."""
    if judge is not None and images is not None:
        labels, confidence, _ = judge.classify(images)
        return {"labels": labels, "confidence": confidence}
    if (part := loaded.info.space.label) is not None:
        weights = codes[:, loaded.info.space.slices[part.name]]
        return {"labels": weights.argmax(1), "confidence": weights.max(1)}
    return {}


def encode(shelf: Shelf, request: Request) -> Replies:
    loaded, pictures = shelf.take(request.model), _array(request, "images")
    codes, again, errors = yield from _in_chunks(request, loaded, "encode", pictures, loaded.encode)
    yield _result(request, _notice(loaded), codes=codes, reconstructions=again, errors=errors)


def classify(shelf: Shelf, request: Request) -> Replies:
    loaded, pictures = shelf.take(request.model), _array(request, "images")
    labels, sure, features = yield from _in_chunks(request, loaded, "classify", pictures, loaded.classify)
    yield _result(request, _notice(loaded), labels=labels, confidence=sure, features=features)


def complete(shelf: Shelf, request: Request) -> Replies:
    """Partial results as the family gives them."""
    loaded = shelf.take(request.model)
    pictures, known, codes = (_array(request, name) for name in ("images", "known", "codes"))
    steps = loaded.complete(pictures, known, codes, request.options)
    images = yield from _last_of(request, steps)
    yield _result(request, _notice(loaded), images=images)


def likelihood(shelf: Shelf, request: Request) -> Replies:
    loaded, pictures = shelf.take(request.model), _array(request, "images")
    nats, *parts = yield from _in_chunks(request, loaded, "likelihood", pictures, loaded.likelihood)
    yield _result(request, _notice(loaded), nats=nats, **({"map": parts[0]} if parts else {}))


def view(shelf: Shelf, request: Request) -> Replies:
    """Every sheet but the last is a partial reply."""
    loaded, options = shelf.take(request.model), request.options
    arrays = (request.arrays.get("codes"), request.arrays.get("images"))
    newest: Reply | None = None
    for sheet, images in loaded.view(str(options.get("name", "")), *arrays, options):
        if newest is not None:
            yield newest
        facts = {"captions": list(sheet.captions), "columns": sheet.columns, "text": sheet.text}
        newest = Reply(request.stamp, "partial", facts, {"images": images})
    assert newest is not None, "a view gave no sheet"
    yield _result(request, {**newest.data, **_notice(loaded)}, **newest.arrays)


def directions(shelf: Shelf, request: Request) -> Replies:
    """Measured once per model and part, then remembered."""
    loaded, space = shelf.take(request.model), shelf.take(request.model).info.space
    name = str(request.options.get("part") or space.main.name)
    if name not in loaded.directions:
        loaded.directions[name] = yield from _measure(request, loaded, name)
    found, count = loaded.directions[name], int(request.options.get("count", 0)) or None
    yield _result(request, {}, directions=found.vectors[:count], effects=found.effects[:count])


def _measure(request: Request, loaded: Loaded, name: str) -> Generator[Reply, None, Directions]:
    space = loaded.info.space
    steps = principal(_pixels_of(loaded), space, space[name], lambda: loaded.pace["directions"].size)
    return (yield from _told(request, steps, "Measuring directions"))


def jacobian(shelf: Shelf, request: Request) -> Replies:
    loaded, space, name = _with_part(shelf, request)
    (code,) = loaded.checked(_array(request, "codes")[:1], request.options)
    steps = local(_pixels_of(loaded), space, space[name], code, lambda: loaded.pace["directions"].size)
    found = yield from _told(request, steps, "Measuring slopes")
    count = int(request.options.get("count", 0)) or None
    yield _result(request, {}, directions=found.vectors[:count], effects=found.effects[:count])


def weight(shelf: Shelf, request: Request) -> Replies:
    loaded, space, name = _with_part(shelf, request)
    yield _result(request, {}, weight=first_affine(loaded.model, space[name], loaded.device))


def layer_list(shelf: Shelf, request: Request) -> Replies:
    loaded = shelf.take(request.model)
    found = layers(loaded.model, loaded.device)
    yield _result(request, {"layers": [{"kind": one.kind, "shape": list(one.shape)} for one in found]})


def component_list(shelf: Shelf, request: Request) -> Replies:
    """With `codes` `[1, D]` the other parts stay as they are there."""
    loaded, space, name = _with_part(shelf, request)
    options = request.options
    codes = space.sample_many(int(options.get("samples", 10_000)), int(options.get("seed", 0)))
    if (held := request.arrays.get("codes")) is not None:
        drawn = codes[:, space.slices[name]].copy()
        codes = np.repeat(loaded.checked(held[:1], {}), len(codes), 0)
        codes[:, space.slices[name]] = drawn
    steps = components(
        loaded.model, space[name], codes, int(options.get("layer", 0)), int(options.get("count", 16)),
        loaded.device, lambda: 4 * loaded.pace["directions"].size,
    )  # fmt: skip
    found: Components = yield from _told(request, steps, "GANSpace")
    yield _result(request, {}, directions=found.vectors, shares=found.shares, fits=found.fits)


def nats(shelf: Shelf, request: Request) -> Replies:
    """Of images that the model itself makes: what it was trained on may not be here."""
    loaded, space = shelf.take(request.model), shelf.take(request.model).info.space
    read = posterior_of(loaded.model)
    codes = space.sample_many(int(request.options.get("count", 256)), int(request.options.get("seed", 0)))

    def work(rows: Pixels) -> Arrays:
        def step(model: Model, codes: Tensor) -> tuple[Tensor, ...]:
            means, log_variances = read(model.generate(codes, {"quality": "preview"}))
            return means.float(), log_variances.float()

        return loaded.run("kl", step, loaded.checked(rows, {}))

    means, log_variances = yield from _in_chunks(request, loaded, "kl", codes, work)
    found = np.full(space.size, np.nan, np.float32)
    steered = [space.slices[p.name] for p in space.parts if p.continuous and p.role == "content"]
    places = np.concatenate([np.arange(at.start, at.stop) for at in steered])
    found[places[: means.shape[1]]] = divergences(means, log_variances)[: len(places)]
    yield _result(request, {}, kl=found)


def _with_part(shelf: Shelf, request: Request) -> tuple[Loaded, LatentSpace, str]:
    loaded = shelf.take(request.model)
    space = loaded.info.space
    return loaded, space, str(request.options.get("part") or space.main.name)


def _pixels_of(loaded: Loaded) -> Callable[[Array], Pixels]:
    """Codes `[N, D]` -> images in [0, 1], not rounded: for differences of images."""

    def step(model: Model, rows: Tensor) -> tuple[Tensor, ...]:
        return (model.generate(rows, {"quality": "preview"}).float(),)

    return lambda codes: loaded.run("directions", step, loaded.checked(codes, {}))[0]


def _told(request: Request, steps: Generator[float, None, Found], text: str) -> Generator[Reply, None, Found]:
    """Fractions done as progress, then what was found."""
    while True:
        try:
            yield _progress(request, next(steps), text)
        except StopIteration as done:
            found: Found = done.value
            return found


def move(shelf: Shelf, request: Request) -> Replies:
    shelf.move(str(request.options.get("name", "auto")))
    yield _result(request, where(shelf))


def status(shelf: Shelf, request: Request) -> Replies:
    yield _result(request, {**where(shelf), "memory": device.memory(shelf.device), "models": shelf.paths})


VERBS: dict[str, Verb] = {
    "load": load, "generate": generate, "sample": sample, "encode": encode, "classify": classify,
    "complete": complete, "likelihood": likelihood, "view": view, "directions": directions, "device": move,
    "status": status, "jacobian": jacobian, "weight": weight, "layers": layer_list,
    "components": component_list, "kl": nats,
}  # fmt: skip


def where(shelf: Shelf) -> dict[str, Any]:
    """The device in use and those there are."""
    return {"device": shelf.device, "devices": device.devices()}


def _last_of(request: Request, steps: Iterator[Pixels]) -> Generator[Reply, None, Pixels]:
    """A partial reply for every step but the last, whose images are returned."""
    newest = None
    for images in steps:
        if newest is not None:
            yield Reply(request.stamp, "partial", {}, {"images": newest})
        newest = images
    assert newest is not None, "a model gave no image"
    return newest


def _step_by_step(request: Request, loaded: Loaded, codes: Array) -> Generator[Reply, None, Pixels]:
    """Images of a family that takes many steps, as many at a time as a step has time for.

    A partial reply for every step but the last: the [images] that are growing, data `at` (the index
    of the first of them) and `fraction` (of all images, how many are whole).
    """
    images = np.zeros((len(codes), *loaded.info.image_shape), np.uint8)
    at = 0
    while at < len(codes):
        rows = codes[at : at + _at_once(loaded)]
        steps, slowest = loaded.steps(rows, request.options), 0.0
        newest: Pixels | None = None
        while True:
            began = time.perf_counter()
            if (step := next(steps, None)) is None:
                break
            slowest = max(slowest, time.perf_counter() - began)
            if newest is not None:
                yield Reply(request.stamp, "partial", {"at": at, **_share(at, codes)}, {"images": newest})
            newest = step
        assert newest is not None, "a model gave no image"
        images[at : at + len(rows)] = newest
        loaded.pace["steps"].learn(len(rows), slowest)
        if at + len(rows) < len(codes):
            yield Reply(request.stamp, "partial", {"at": at, **_share(at, codes)}, {"images": newest})
        at += len(rows)
    return images


def _at_once(loaded: Loaded) -> int:
    """How many images grow together: a step of a few costs hardly more than that of one."""
    return max(FEWEST, loaded.pace["steps"].size)


def _share(at: int, codes: Array) -> dict[str, float]:
    """How far many images are; of a single one nobody knows how many steps it takes."""
    return {"fraction": at / len(codes)} if len(codes) > 1 else {}


def _unseen(
    request: Request, steps: Generator[Reply, None, Pixels], fraction: float
) -> Generator[Reply, None, Pixels]:
    """The same work without its partial images: only that it goes on is told."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            images: Pixels = done.value
            return images
        yield _progress(request, fraction, "Sampling")


def _in_chunks(
    request: Request, loaded: Loaded, verb: str, rows: Pixels, work: Callable[[Pixels], Arrays]
) -> Generator[Reply, None, Arrays]:
    """Do `work` on as many rows at a time as take one step, and put the results together."""
    done: list[Arrays] = []
    at = 0
    while at < len(rows) or not done:
        chunk = rows[at : at + loaded.pace[verb].size]
        done.append(work(chunk))
        at += len(chunk)
        if at < len(rows):
            yield _progress(request, at / len(rows), f"{at} of {len(rows)}")
    if len(done) == 1:
        return done[0]
    return tuple(np.concatenate(column) for column in zip(*done, strict=True))


def _array(request: Request, name: str) -> Pixels:
    if name not in request.arrays:
        raise BadRequest(f"The request {request.verb!r} needs the array {name!r}.")
    return request.arrays[name]


def _notice(loaded: Loaded) -> dict[str, str]:
    """The sentence about a fall-back, told once."""
    text, loaded.notice = loaded.notice, ""
    return {"notice": text} if text else {}


def _progress(request: Request, fraction: float, text: str) -> Reply:
    return Reply(request.stamp, "progress", {"fraction": fraction, "text": text})


def _result(request: Request, data: dict[str, Any], **arrays: Pixels) -> Reply:
    return Reply(request.stamp, "result", data, arrays)
