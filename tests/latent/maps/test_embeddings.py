"""A person's own embeddings: what can be read, and a sentence for what can't."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from backends.api import BadData
from explorer.latent.maps.embeddings import load, read
from explorer.latent.task import Task


def test_rows_of_a_npy_file(tmp_path) -> None:
    points = np.random.default_rng(0).normal(size=(50, 2, 3))
    np.save(tmp_path / "a.npy", points)
    found = read(tmp_path / "a.npy")
    assert found.points.dtype == np.float32
    np.testing.assert_allclose(found.points, points.reshape(50, 6), rtol=1e-6)
    assert found.sentence() == "50 rows of 6 numbers"


def test_a_million_rows_of_which_some_are_drawn_and_said(tmp_path) -> None:
    file = tmp_path / "a.npy"
    points = np.lib.format.open_memmap(file, "w+", np.float16, (1_000_000, 4))
    points[:, 0] = np.arange(1_000_000) % 1000
    points.flush()
    found = read(file, count=500, seed=1)
    assert found.total == 1_000_000
    assert len(found.points) == 500
    assert "drawn at random of 1,000,000" in found.sentence()
    np.testing.assert_array_equal(found.points[:, 0], found.rows % 1000)
    np.testing.assert_array_equal(found.rows, read(file, count=500, seed=1).rows)
    assert read(file).points.shape == (1_000_000, 4)


def test_columns_of_a_npz_file_are_classes_numbers_and_text(tmp_path) -> None:
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "a.npz", thumbnails=np.zeros((100, 20, 20)), embeddings=rng.normal(size=(100, 6)),
        kind=np.array(["cat", "dog"])[np.arange(100) % 2], score=rng.normal(size=100),
        year=np.arange(100) % 3 + 1990,
        name=np.array([f"picture {n}" for n in range(100)]), good=np.arange(100) > 50, other=np.zeros(7),
    )  # fmt: skip
    made = load(Task(), {}, {"file": str(tmp_path / "a.npz"), "count": 80})
    assert made["points"].shape == (80, 6)
    told = {column["name"]: column for column in made["data"]["columns"]}
    assert set(told) == {"kind", "score", "year", "name", "good"}
    assert told["kind"] == {"name": "kind", "kind": "labels", "names": ["cat", "dog"]}
    assert told["year"]["names"] == ["1990", "1991", "1992"]
    assert told["good"]["names"] == ["no", "yes"]
    assert made["values score"].dtype == np.float32
    assert made["text name"][3] == f"picture {made['rows'][3]}"
    np.testing.assert_array_equal(made["labels kind"], made["rows"] % 2)


def test_a_parquet_file_without_its_reader_says_what_to_install(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadData, match="pip install pyarrow"):
        read(tmp_path / "a.parquet")


def test_a_parquet_file(tmp_path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow isn't installed")
    from pyarrow import parquet

    points = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    table = pyarrow.table({"embedding": list(points), "kind": ["a", "b", None] * 10})
    parquet.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(found.points, points)
    assert found.columns[0].names == ("", "a", "b")
    (tmp_path / "b.parquet").write_bytes(b"nonsense")
    with pytest.raises(BadData, match="damaged"):
        read(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"1 2 3", "no known ending"),
        ("missing.npy", None, "isn't there"),
        ("a.npy", b"nonsense", "damaged"),
        ("a.npz", b"PK\x03\x04 nonsense", "damaged"),
        ("a.npy", np.array([{}, {}], object), "holds objects"),
        ("a.npy", np.array(["a", "b"]), "instead of numbers"),
        ("a.npy", np.zeros(5), "single column"),
        ("a.npy", np.zeros((0, 5)), "is empty"),
        ("a.npy", np.zeros((5, 0)), "is empty"),
        ("a.npz", {"x": np.zeros(5)}, "no table of numbers"),
    ],
)
def test_every_file_that_does_not_fit_is_one_sentence(tmp_path, name, content, sentence) -> None:
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(file, **content)
    elif content is not None:
        np.save(file, content)
    with pytest.raises(BadData, match=sentence):
        read(file)


def test_a_truncated_file_is_one_sentence(tmp_path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((100, 5)))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:1000])
    with pytest.raises(BadData, match="damaged"):
        read(tmp_path / "a.npy")
