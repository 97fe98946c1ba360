"""Few labels: the draws, the reader, and the whole measurement on scikit-learn's digits."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from backends.errors import BadData, BadRequest, BadSettings
from backends.registry import family
from tests.made_up import made_up_model
from trainers.probing.bench import Bench, balanced
from trainers.probing.job import run
from trainers.probing.reader import Reader, codes_of, encoding_of
from trainers.probing.settings import ALL, ProbeSettings


class Heard:
    """A task that remembers what it was told, and gives up after so many results."""

    def __init__(self, most=1000):
        self.rows, self.fractions, self.most = [], [], most

    def progress(self, fraction, text=""):
        self.fractions.append(fraction)
        if len(self.rows) >= self.most:
            raise InterruptedError

    def partial(self, arrays, text=""):
        self.rows.append(arrays["rows"])


def vae(**config):
    torch.manual_seed(0)
    return family("vae").build({"latent": 6, "width": 4, "image_size": 16, "body": "mlp", **config}).eval()


def asked(**given):
    return ProbeSettings.from_mapping({"labels": "20", "draws": 1, "test": 100, "most_steps": 20, **given})


def test_classes_take_turns_in_a_draw():
    labels = np.array([0] * 50 + [1] * 30 + [2] * 3)
    rows = balanced(labels, 9, 0)
    assert np.bincount(labels[rows]).tolist() == [3, 3, 3]
    assert len(set(rows)) == 9
    assert np.bincount(labels[balanced(labels, 20, 1)]).tolist() == [9, 8, 3] or 3 in np.bincount(
        labels[balanced(labels, 20, 1)]
    )
    np.testing.assert_array_equal(balanced(labels, 9, 0), rows)
    assert not np.array_equal(balanced(labels, 9, 1), rows)
    assert sorted(balanced(labels, 83, 5)) == list(range(83))
    assert len(set(labels[balanced(labels, 2, 3)])) == 2


def test_numbers_of_labels_are_read_and_wrong_ones_refused():
    assert ProbeSettings.from_mapping({"labels": "all, 100,10"}).counts() == [10, 100, ALL]
    for wrong in ({"labels": "ten"}, {"labels": "1"}, {"labels": ""}, {"ways": "magic"}, {"ways": ""}):
        with pytest.raises(BadSettings):
            ProbeSettings.from_mapping(wrong)
    few, many = asked(most_steps=600), asked(most_steps=10)
    assert (few.steps(10), few.steps(300), few.steps(1000), many.steps(1000)) == (100, 188, 600, 10)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_reader_begins_as_the_logistic_regression(classes):
    rng, model = np.random.default_rng(0), vae()
    images = rng.integers(0, 256, (60, 16, 16, 1), np.uint8)
    labels = rng.integers(0, classes, 60) * 2  # not all numbers occur
    codes = codes_of(model, images)
    mean, spread = codes.mean(0), codes.std(0)
    reading = LogisticRegression().fit(((codes - mean) / spread).numpy(), labels)
    reader = Reader(model, mean, spread, 10)
    reader.take(reading)
    with torch.no_grad():
        shares = reader.logits(torch.from_numpy(images).permute(0, 3, 1, 2) / 255).softmax(1)
    wanted = reading.predict_proba(((codes - mean) / spread).numpy())
    seen = shares[:, reading.classes_]
    np.testing.assert_allclose(seen / seen.sum(1, keepdim=True), wanted, atol=1e-5)
    np.testing.assert_array_equal(
        shares.argmax(1).numpy(), reading.predict(((codes - mean) / spread).numpy())
    )


def test_only_what_codes_depend_on_is_learned():
    model = vae(body="conv")
    before = copy.deepcopy(model.state_dict())
    found = {id(weight) for weight in encoding_of(model)}
    assert found == {id(weight) for weight in model.encoder.parameters()}
    model.train()
    assert encoding_of(model)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.requires_grad_(False)
    assert encoding_of(model) == []


def test_every_way_is_measured_and_learns(tiny_models):
    heard = Heard()
    settings = asked(labels="20,300", ways="linear,tuned,scratch", most_steps=25).to_json()
    made = run(heard, {}, {"model": str(tiny_models["tiny"]), "data": "digits", "settings": settings})
    assert made["rows"].shape == (6, 4)
    assert [tuple(row[:3]) for row in made["rows"]] == [
        (way, count, 0) for count in (20, 300) for way in range(3)
    ]
    assert made["data"] == {"notes": [], "test": 100}
    assert [len(rows) for rows in heard.rows] == [1, 2, 3, 4, 5, 6]
    assert np.all(np.diff(heard.fractions) > -1e-9)
    by_way = made["rows"][:, 3].reshape(2, 3)
    assert (by_way[:, :2] > 0.1).all()  # chance
    assert (by_way[1, :2] > by_way[0, :2]).all()  # more labels tell more
    assert by_way[1, 1] > 0.5


def test_the_same_seed_tells_the_same_and_it_can_be_given_up(tiny_models):
    options = {"model": str(tiny_models["tiny"]), "data": "digits",
               "settings": asked(most_steps=5, draws=2, labels="20,all").to_json()}  # fmt: skip
    few = Heard(5)
    for heard in (few, again := Heard(5)):
        with pytest.raises(InterruptedError):
            run(heard, {}, options)
    np.testing.assert_array_equal(few.rows[-1], again.rows[-1])
    assert len(few.rows) == 5
    assert len(set(few.rows[-1][[0, 3], 3])) == 2  # draws differ


def test_tuning_changes_a_copy_and_leaves_the_norms_alone():
    bench = Bench(vae(body="conv"), "vae", "digits", asked())
    before = copy.deepcopy(bench.model.state_dict())
    network = bench._network("tuned", 20, 0)
    for _ in bench._learn(network, bench.rows(20, 0), 1e-3):
        pass
    assert all(torch.equal(before[name], value) for name, value in bench.model.state_dict().items())
    after = network.model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any("running" in name or name.startswith("decoder") for name in changed)


def test_what_a_model_can_not_is_left_out_and_said(tmp_path):
    info = made_up_model(tmp_path)
    with pytest.raises(BadRequest, match="no encoder"):
        run(Heard(), {}, {"model": info.path, "data": "digits"})
    model = vae()
    model.encode = torch.no_grad()(model.encode)
    bench = Bench(model, "vae", "digits", asked())
    assert bench.ways == ["linear"]
    assert bench.notes[0] == "Fine-tuned is left out: the codes of this model have no slope."
    np.savez(tmp_path / "a.npz", images=np.zeros((60, 16, 16), np.uint8))
    with pytest.raises(BadData, match="no labels"):
        Bench(vae(), "vae", f"npz:{tmp_path}/a.npz", asked())
