"""Finding directions: each method asks the model host or a job, and answers with candidates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from backends.api import Array, BadRequest, ModelInfo, Part, Priority, Reply
from explorer.latent.directions import Labelled, class_means
from explorer.latent.directions.closed_form import of_codes, sefa
from explorer.latent.directions.following import STEP
from explorer.model.asking import settled_options
from explorer.model.state import Direction
from explorer.panels.base import Services
from explorer.panels.directions_collect import Collector
from explorer.panels.directions_groups import ELSE, FAVOURITES, GENERATED, GroupsForm
from explorer.panels.directions_learn import Training
from trainers.directions.settings import LATENTCLR, VOYNOV

MOST = 12  # directions of one search: more strips than fit on a screen
PRINCIPAL, JACOBIAN, SEFA, GANSPACE = "principal", "jacobian", "sefa", "ganspace"
CODES, MEANS, SVM, FOLLOW = "codes", "means", "svm", "follow"
LEARNT = (VOYNOV, LATENTCLR)  # they train for a minute or two
LAYERED = (GANSPACE, LATENTCLR)  # they look at a layer
LABELLED = (CODES, MEANS, SVM, FOLLOW)  # they need codes whose attributes are known
METHODS = {
    PRINCIPAL: ("Principal directions", "What changes the picture most, on average over the whole space."),
    JACOBIAN: ("Slopes at this code", "What changes this picture most: singular vectors of its Jacobian."),
    SEFA: ("SeFa: first weight", "Eigenvectors of the first affine layer's weight: no picture is made."),
    GANSPACE: ("GANSpace: a layer", "Principal components of what a layer says of many codes, led back."),
    VOYNOV: ("Learnt: told apart in pictures", "Learns directions that a network can name from two pictures "
             "(Voynov and Babenko 2020); a minute or two."),
    LATENTCLR: ("Learnt: alike in a layer", "Learns directions whose effects on a layer are alike for all "
                "codes and unlike each other's (LatentCLR); a minute or two."),
    CODES: ("Components of codes", "Principal components of encoded data (of samples they mean nothing)."),
    MEANS: ("Class means", "The mean of the codes with an attribute minus the mean of those without."),
    SVM: ("SVM boundary", "Across the boundary between the surest codes of two groups (InterFaceGAN)."),
    FOLLOW: ("Along a bent boundary", "A path on which one attribute grows and others stay, step by step."),
}  # fmt: skip
FOLLOWED = 40  # steps to either side: ten deviations, as far as a strip can reach
TOLD = 12  # of them for what is said of a path


@dataclass(frozen=True, eq=False)
class Candidate:
    """A direction that was found, and a figure that says how much to make of it.

    `path` `[n, d]` are the values of its part on a bent way, its middle the code it was found at.
    """

    direction: Direction
    figure: str
    path: Array | None = None


class Finder(QObject):
    """`start` begins a search, and gives up an older one; then `found` brings candidates and a sentence.

    A search that learns shows what it has so far by `grew`.
    """

    found = Signal(object, str)
    grew = Signal(object, str)
    failed = Signal(str, str)
    told = Signal(object)  # a progress reply

    def __init__(self, services: Services, form: GroupsForm) -> None:
        super().__init__()
        self.session, self.host, self.jobs = services.session, services.host, services.jobs
        self.form = form
        self.collector = Collector(services)
        self.training = Training(self)
        self._cancel: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        return self._cancel is not None

    def cancel(self) -> None:
        """Give up; nothing more is told."""
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()

    def start(self, method: str, info: ModelInfo, part: Part, layer: int, samples: int) -> None:
        """Search with `method`; `layer` is GANSpace's and LatentCLR's, `samples` GANSpace's."""
        self.cancel()
        if method in LEARNT:
            self._cancel = self.training.start(
                method, info, part, layer, MOST, grew=lambda d, said: self.grew.emit(_learnt(d), said),
                done=lambda d, said: self._done(_learnt(d), said), failed=self._fail, told=self.told.emit,
            )  # fmt: skip
            return
        if method in LABELLED:
            self._collect(method, info, part)
            return
        code, arrays = self.session.code, {}
        options: dict[str, Any] = {"part": part.name, "count": MOST}
        if method in (JACOBIAN, GANSPACE) and code is not None:
            arrays["codes"] = info.space.truncate(info.space.pack(code)[None], code.truncation)
            options |= settled_options(code)
        if method == GANSPACE:
            options |= {"layer": layer, "samples": samples}
        verb = {PRINCIPAL: "directions", JACOBIAN: "jacobian", SEFA: "weight", GANSPACE: "components"}[method]
        ticket = self.host.ask(
            verb, info.path, options=options, arrays=arrays, priority=Priority.PREVIEW, on_error=self._fail,
            on_progress=self.told.emit,
            on_result=lambda reply: self._take(method, info, part, layer, reply.arrays),
        )  # fmt: skip
        self._cancel = ticket.cancel

    # Without labels

    def _take(
        self, method: str, info: ModelInfo, part: Part, layer: int, arrays: dict[str, np.ndarray]
    ) -> None:
        if method == SEFA and part.size > 128:  # too long for the window's thread
            options = {"space": info.space.to_json(), "part": part.name}
            self._job("closed_form:run", {"weight": arrays["weight"]}, options,
                      lambda reply: self._take(SEFA, info, part, layer, reply.arrays))  # fmt: skip
            return
        if method == SEFA and "weight" in arrays:
            arrays = dict(zip(("directions", "values"), sefa(part, arrays["weight"]), strict=True))
        title = {PRINCIPAL: "PC", JACOBIAN: "Slope", SEFA: "SeFa", GANSPACE: "GANSpace"}[method]
        how = {
            PRINCIPAL: "principal direction of the picture",
            JACOBIAN: "singular vector of the Jacobian at one code",
            SEFA: "SeFa, first affine weight", GANSPACE: f"GANSpace, layer {layer + 1}",
        }[method]  # fmt: skip
        figures = _figures(method, arrays)
        vectors = arrays["directions"][:MOST]
        made = [
            Direction(info.path, part.name, vector, f"{title} {i + 1}", f"{how} {i + 1}")
            for i, vector in enumerate(vectors)
        ]
        found = [Candidate(direction, figures[i]) for i, direction in enumerate(made)]
        self._done(found, _sentence(method, arrays))

    # With labels

    def _collect(self, method: str, info: ModelInfo, part: Part) -> None:
        form = self.form
        if form.source == FAVOURITES:
            self._favourites(method, info, part)
            return
        key = form.key(info)
        if form.labelled is not None and form.labelled_key == key:
            self._labelled(method, info, part, form.labelled)
            return
        collect = self.collector.generated if form.source == GENERATED else self.collector.encoded

        def arrived(labelled: Labelled) -> None:
            self._cancel = None
            chosen = form.take(key, labelled)
            if chosen or method == CODES:
                self._labelled(method, info, part, labelled)
            else:
                self._done([], f"{len(labelled.codes):,} codes are there: now choose the two groups.")

        def fail(what: str, advice: str) -> None:
            self._cancel = None
            self.failed.emit(what, advice)

        self._cancel = collect(info, form.data, form.count, arrived, fail, self.told.emit)

    def _favourites(self, method: str, info: ModelInfo, part: Part) -> None:
        plus, minus = self.form.favourite_codes()
        if method != MEANS or not plus or not minus:
            advice = (
                "Tick them in the two menus." if method == MEANS else "Choose generated pictures or data."
            )
            what = (
                "Both groups need at least one favourite." if method == MEANS else "Favourites are too few."
            )
            self.failed.emit(what, advice)
            return
        codes = info.space.pack_many([*plus, *minus])
        inside = np.arange(len(codes)) < len(plus)
        names = ("some favourites", "others")
        self._means(info, part, codes, inside, ~inside, names, None)

    def _labelled(self, method: str, info: ModelInfo, part: Part, labelled: Labelled) -> None:
        values = labelled.codes[:, info.space.slices[part.name]]
        if method == CODES:
            self._components(info, part, values)
            return
        attribute, plus, minus = self.form.chosen()
        inside = labelled.inside(attribute, plus)
        outside = ~inside if minus == ELSE else labelled.inside(attribute, minus)
        names = self.form.names()
        if method == MEANS:
            strata = labelled.strata(attribute) if self.form.balanced else None
            self._means(info, part, labelled.codes, inside, outside, names, strata)
            return
        rows = inside | outside
        arrays = {"values": values[rows], "inside": inside[rows]}
        if method == SVM and labelled.confidence is not None:
            arrays["confidence"] = labelled.confidence[rows]
        name = f"{names[0]} − {names[1]}"
        options: dict[str, Any] = {"space": info.space.to_json(), "part": part.name, "steps": FOLLOWED}
        if method == SVM:
            self._job("boundary:run", arrays, options, lambda r: self._boundary(info, part, name, r))
            return
        if labelled.values.shape[1] > 1:
            arrays["others"] = np.delete(labelled.values, attribute, axis=1)[rows]
        assert self.session.code is not None
        arrays["start"] = self.session.code.values[part.name]
        self._job("following:run", arrays, options, lambda r: self._path(info, part, name, r))

    def _means(
        self, info: ModelInfo, part: Part, codes: Array, inside: np.ndarray, outside: np.ndarray,
        names: tuple[str, str], strata: np.ndarray | None,
    ) -> None:  # fmt: skip
        try:
            made = class_means(part, codes[:, info.space.slices[part.name]], inside, outside, strata)
        except BadRequest as error:
            self.failed.emit(error.what, error.advice)
            return
        counts = f"({made.count_with:,} and {made.count_without:,} codes)"
        how = f"class means{'' if strata is None else ', balanced'}: {names[0]} − {names[1]} {counts}"
        direction = Direction(
            info.path, part.name, made.vector, f"{names[0]} − {names[1]}", how, made.accuracy
        )
        self._done([Candidate(direction, _share(made.accuracy))], _verdict(info, made.accuracy))

    def _boundary(self, info: ModelInfo, part: Part, name: str, reply: Reply) -> None:
        data = reply.data
        accuracy, rest = float(data["accuracy"]), float(data["rest"])
        how = f"SVM boundary: {name} ({int(data['learnt']):,} codes)"
        direction = Direction(info.path, part.name, reply.arrays["vector"], name, how, accuracy)
        others = "" if np.isnan(rest) else f" Of all the other codes: {rest:.0%}."
        self._done([Candidate(direction, _share(accuracy))], _verdict(info, accuracy, "the surest ") + others)

    def _path(self, info: ModelInfo, part: Part, name: str, reply: Reply) -> None:
        path, decisions = reply.arrays["path"], reply.arrays["decisions"]
        accuracy = float(reply.data["accuracy"])
        middle = len(path) // 2
        ends = middle - TOLD, middle + TOLD
        across = path[ends[1]] - path[ends[0]]
        length = max(float(np.linalg.norm(across / part.deviation)), 1e-6)
        direct = Direction(
            info.path,
            part.name,
            (across / length).astype(np.float32),
            name,
            f"chord of the path {name}",
            accuracy,
        )
        low, high = (decisions[end, 0] for end in ends)
        rose = f"Over {2 * TOLD * STEP:.0f} σ the decision value goes from {low:+.2f} to {high:+.2f}"
        held = f", {decisions.shape[1] - 1} other attributes held" if decisions.shape[1] > 1 else ""
        said = f"{rose}{held}. Below the path: its chord, straight. {_verdict(info, accuracy)}"
        bent = Direction(info.path, part.name, direct.vector, f"{name}, bent", direct.how, accuracy)
        self._done([Candidate(bent, _share(accuracy), path), Candidate(direct, "straight")], said)

    def _components(self, info: ModelInfo, part: Part, values: Array) -> None:
        try:
            vectors, shares = of_codes(part, values, MOST)
        except BadRequest as error:
            self.failed.emit(error.what, error.advice)
            return
        found = [
            Candidate(
                Direction(
                    info.path,
                    part.name,
                    vector,
                    f"Codes {i + 1}",
                    f"component {i + 1} of {len(values):,} codes",
                ),
                f"{shares[i]:.0%}",
            )
            for i, vector in enumerate(vectors)
        ]
        self._done(found, "Beside each: its share of the codes' variance.")

    # Within

    def _job(
        self,
        function: str,
        arrays: dict[str, np.ndarray],
        options: dict[str, Any],
        done: Callable[[Reply], None],
    ) -> None:
        job = self.jobs.run(
            f"explorer.latent.directions.{function}", arrays, options, on_result=done, on_error=self._fail,
            on_progress=self.told.emit,
        )  # fmt: skip
        self._cancel = job.cancel

    def _done(self, candidates: list[Candidate], sentence: str) -> None:
        self._cancel = None
        self.found.emit(candidates, sentence)

    def _fail(self, reply: Reply) -> None:
        self._cancel = None
        self.failed.emit(*reply.problem)


def _learnt(found: list[tuple[Direction, str]]) -> list[Candidate]:
    return [Candidate(direction, figure) for direction, figure in found]


def _figures(method: str, arrays: dict[str, np.ndarray]) -> list[str]:
    if method == SEFA:
        top = max(float(arrays["values"].max()), 1e-9)
        return [f"{value / top:.2f}" for value in arrays["values"]]
    if method == GANSPACE:
        return [f"{share:.0%}" for share in arrays["shares"]]
    return [f"{effect:.3f}" for effect in arrays["effects"]]


def _sentence(method: str, arrays: dict[str, np.ndarray]) -> str:
    if method == SEFA:
        return "Beside each: its eigenvalue, the largest taken as 1."
    if method == GANSPACE:
        fit = float(np.mean(arrays["fits"])) if len(arrays["fits"]) else 0.0
        return (
            f"Beside each: its share of the layer's variance. On average {fit:.0%} of a component is linear "
            "in the code; where that is little, the direction means little."
        )
    return "Beside each: how much a pixel (0 to 1) changes for one standard deviation."


def _share(accuracy: float) -> str:
    return "" if np.isnan(accuracy) else f"{accuracy:.0%}"


def _verdict(info: ModelInfo, accuracy: float, which: str = "") -> str:
    """How far a boundary can be trusted, in words."""
    if np.isnan(accuracy):
        return "Too few codes to check it on others."
    share = f"{accuracy:.0%} of {which}held-out codes lie on their own side (chance: 50\u00a0%)"
    if accuracy >= 0.65:
        return f"{share}."
    why = "" if info.space.label is None else " (of this model the label says which class it is)"
    return f"{share}: this part hardly tells the two apart{why}."
