"""What the map's points are coloured by: their own classes, else what a classifier says of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backends.api import Capability, LatentSpace, ModelInfo, Reply
from backends.space import Part
from explorer.latent.cloud import Cloud
from explorer.panels.map_sources import why_not
from explorer.workers.collect import Collector, Wanted

SEEN = {
    "labels": np.array([2, 0, 1]), "confidence": np.array([0.9, 0.5, 0.6], np.float32),
    "features": np.arange(12, dtype=np.float32).reshape(3, 4),
}  # fmt: skip


class AtOnce:
    """A host, and jobs, whose answers are there as soon as they are asked."""

    def __init__(self, labels: np.ndarray | None) -> None:
        self.asked: list[tuple[str, str]] = []
        images, classes = np.zeros((3, 16, 16, 1), np.uint8), [] if labels is None else ["x", "y", "z"]
        arrays = {"images": images} if labels is None else {"images": images, "labels": labels}
        self.data = Reply(0, "result", {"factor_names": [], "classes": classes}, arrays)

    def run(self, *_: Any, on_result: Any, **__: Any) -> Any:
        on_result(self.data)
        return SimpleNamespace(cancel=lambda: None)

    def ask(self, verb: str, model: str, *, on_result: Any, **_: Any) -> Any:
        self.asked.append((verb, model))
        encoded = {"codes": np.ones((3, 2), np.float32), "errors": np.zeros(3, np.float32)}
        on_result(Reply(0, "result", {}, SEEN if verb == "classify" else encoded))
        return SimpleNamespace(cancel=lambda: None)


def info(*can: Capability, judge: str = "") -> ModelInfo:
    space = LatentSpace((Part("z", (2,)),))
    return ModelInfo("/own", "own", "x", space, frozenset({Capability.GENERATES, *can}), (16, 16, 1),
                     classifier=judge)  # fmt: skip


def gathered(model: ModelInfo, source: str, labels: np.ndarray | None) -> tuple[Cloud, AtOnce]:
    found: list[Cloud] = []
    world: Any = AtOnce(labels)
    collector = Collector(world, world)
    collector.collected.connect(found.append)
    collector.start(model, Wanted("/own", source, 3, spec="mine"), ("a", "b", "c"))
    return found[0], world


def titles(cloud: Cloud, model: ModelInfo) -> list[str]:
    return [colouring.title for colouring in cloud.colourings(model.space)]


def test_unlabelled_points_have_the_classes_that_the_classifier_sees(qapp):
    model = info(Capability.ENCODES, judge="/judge")
    cloud, world = gathered(model, "data", None)
    assert world.asked == [("encode", "/own"), ("classify", "/judge")]
    assert cloud.labels.tolist() == [2, 0, 1]
    assert cloud.classes == ("a", "b", "c")
    assert titles(cloud, model)[:2] == ["Class", "Classifier's confidence"]
    assert cloud.points.shape == (3, 2)


def test_labelled_points_keep_theirs(qapp):
    model, labels = info(Capability.ENCODES, judge="/judge"), np.array([0, 1, 2])
    cloud, world = gathered(model, "data", labels)
    assert world.asked == [("encode", "/own")]
    cloud, _ = gathered(model, "data features", labels)
    assert cloud.labels is labels
    assert cloud.points.shape == (3, 4)
    said = next(c for c in cloud.colourings(model.space) if c.title == "Classifier's class")
    assert said.labels.tolist() == [2, 0, 1]
    assert said.names == ("a", "b", "c")


def test_without_a_classifier_they_have_none(qapp):
    cloud, _ = gathered(info(Capability.ENCODES), "data", None)
    assert cloud.labels is None


def test_a_generator_that_classifies_maps_images_that_it_cannot_encode(qapp):
    model = info(Capability.CLASSIFIES, judge="/own")
    assert why_not(model, "data features") == ""
    assert why_not(model, "data") != ""
    assert why_not(info(judge="/judge"), "data features") != ""
    cloud, world = gathered(model, "data features", None)
    assert world.asked == [("classify", "/own")]
    assert not cloud.owned
    assert titles(cloud, model) == ["Class", "Classifier's confidence"]


@pytest.mark.slow  # a window's panel, a model host and a job process
def test_the_semi_supervised_one_maps_digits(qtbot, services, tmp_path):
    from backends.catalog import read
    from backends.native import describe, save
    from backends.registry import family
    from tests.panels.map_steps import make, open_panel

    model = family("sgan").build({"width": 4, "image_size": 16, "judge_width": 8})
    save(tmp_path / "few.safetensors", model, describe(model, "few", "sgan"))
    panel = open_panel(qtbot, services)
    panel.session.set_models([read(tmp_path / "few.safetensors")])
    panel.bar.choose(panel.bar.source, "data features")
    panel.bar.spec.setEditText("digits")
    make(panel, qtbot)
    assert panel.bar.colour.findText("Classifier's class") > 0
    assert panel.map.unlike
