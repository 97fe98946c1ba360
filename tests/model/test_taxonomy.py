"""Every family has its place in the tree."""

from dataclasses import replace

from backends.api import Capability, LatentSpace, ModelInfo
from backends.registry import families
from explorer.model.taxonomy import MEANING, OTHERS, TREE, branch_of, planted
from explorer.verbs.models import tree


def info(family: str, *can: Capability) -> ModelInfo:
    return ModelInfo(f"/{family}", family, family, LatentSpace(()), frozenset(can), (28, 28, 1))


def test_our_families_are_all_in_the_tree():
    known = {family for inside in TREE.values() for family in inside}
    ours = {name for name, family in families().items() if family.make.__module__.startswith("backends.")}
    assert ours <= known, "give the family a line in explorer/model/taxonomy.py"


def test_strange_families_go_where_their_capabilities_tell():
    assert branch_of(info("x", Capability.LIKELIHOOD, Capability.GENERATES)) == (
        "Explicit density",
        "Tractable",
    )
    assert branch_of(info("x", Capability.CLASSIFIES)) == ("No density", "Classifiers")
    assert branch_of(info("x", Capability.GENERATES)) == OTHERS


def test_branches_come_in_the_order_of_the_tree():
    models = [info("x"), info("autoencoder"), info("gan"), info("flow"), info("y", Capability.LIKELIHOOD)]
    found = planted(models)
    assert list(found)[-1] == OTHERS
    assert [branch[0] for branch in found] == [
        "Explicit density", "Explicit density", "Implicit density", "No density", "Others",
    ]  # fmt: skip
    assert set(TREE) < set(planted(models, empty=True))
    assert all(name in MEANING for branch in TREE for name in branch[:1])


def test_the_tree_is_printed_with_its_empty_branches():
    lines = tree([replace(info("gan"), name="clothes", dataset="Fashion"), info("x")]).split("\n")
    assert "    clothes  (gan, Fashion)" in lines
    assert lines.index(
        "Implicit density: the model draws images and can't say how likely one is"
    ) < lines.index("    clothes  (gan, Fashion)")
    assert any("none yet: python main.py train flow" in line for line in lines)
    assert sum(line.startswith("Explicit density") for line in lines) == 1
    assert lines[-2:] == ["Others", "  x  (x, )"]
