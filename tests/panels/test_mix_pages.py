"""The pages of Mix over a model in chunks, by real clicks and keys: table, groups, traversals, oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backends.api import Capability
from explorer.latent import mixing, oracle_file
from explorer.latent.oracle import fit
from explorer.latent.task import Task
from explorer.model.state import Source, State
from explorer.panels.mix import MixPanel
from explorer.panels.mix_sources import sources_here
from tests.hands import LEFT, choose, click, settle, write
from tests.made_up import chunked_model


@pytest.fixture(scope="module")
def chunked(tmp_path_factory):
    """A made-up model of four chunks: brightness of the left and of the right, both again, and nothing."""
    return chunked_model(tmp_path_factory.mktemp("chunked"))


@pytest.fixture
def panel(services, thread_host, chunked, qtbot):
    services.session.set_models([*services.session.models.values(), chunked])
    services.session.select_model(chunked.path)
    made = MixPanel(replace(services, host=thread_host))
    qtbot.addWidget(made, before_close_func=lambda panel: settle(panel, qtbot))
    made.resize(900, 700)
    made.show()
    space = chunked.space
    image = np.zeros((16, 16, 1), np.uint8)
    codes = [space.sample(seed) for seed in (1, 2, 3)]
    services.session.set_sources([Source(chunked.path, code, image, str(i)) for i, code in enumerate(codes)])
    settle(made, qtbot)
    return made


def page(panel, qtbot, which):
    tab = panel.pages.tabBar().tabRect(panel.pages.indexOf(which)).center()
    qtbot.mouseClick(panel.pages.tabBar(), LEFT, pos=tab)
    assert which.isVisible()
    settle(panel, qtbot)
    return which


def packed(panel):
    return np.stack([panel.session.space.pack(s.code) for s in sources_here(panel.session)])


def test_chunks_are_the_groups_of_a_model_in_parts(panel):
    assert [group.name for group in panel.scene.groups] == [f"chunk {i}" for i in range(1, 5)]


def test_the_table_takes_the_chosen_chunk_and_follows_the_sources(panel, qtbot):
    table = page(panel, qtbot, panel.whole_table)
    groups = panel.scene.groups
    codes = packed(panel)
    np.testing.assert_allclose(table.codes, mixing.table(panel.session.space, codes, codes, [groups[0]]))
    choose(table.which, qtbot, "chunk 2")
    settle(panel, qtbot)
    np.testing.assert_allclose(table.codes, mixing.table(panel.session.space, codes, codes, [groups[1]]))
    assert table.grid.arrays[0] is None
    assert len(table.grid.arrays) == 16
    np.testing.assert_array_equal(table.grid.arrays[2], table.images[1, 1])  # the giver of the second column
    click(qtbot, table.grid, table.grid.cell(4 * 2 + 3).center())
    np.testing.assert_allclose(panel.session.space.pack(panel.session.code), table.codes[1, 2])
    click(qtbot, panel.sources.follow)
    panel.session.set_value("chunk 2", 0, 2.0)
    settle(panel, qtbot)
    assert table.codes[0, 0, 2] == pytest.approx(2.0)
    sheet, columns = table.sheet()
    assert sheet.shape == (16, 16, 16, 1)
    assert columns == 4


def test_a_table_without_sources_says_what_to_do(panel, qtbot):
    table = page(panel, qtbot, panel.whole_table)
    panel.session.set_sources([])
    assert "two sources" in table.grid.hint
    assert not table.export_button.isEnabled()


def test_strips_mark_the_dead_and_name_and_join_groups(panel, qtbot):
    strips = page(panel, qtbot, panel.strips)
    assert strips.grid.row_titles[3] == "chunk 4 · dead"
    assert "chunk 4" in strips.said.text()
    assert strips.alike == [(0, 2)]  # the third draws what the first draws
    assert not strips.naming.isEnabled()
    click(qtbot, strips.grid, strips.grid.cell(4).center())  # a picture of the second row
    assert strips.naming.text() == "chunk 2"
    write(qtbot, strips.naming, "right")
    settle(panel, qtbot)
    assert [g.name for g in panel.scene.groups] == ["chunk 1", "right", "chunk 3", "chunk 4"]
    assert strips.grid.row_titles[1].startswith("right · ")
    click(qtbot, strips.join_button)
    settle(panel, qtbot)
    assert [g.name for g in panel.scene.groups] == ["chunk 1 + chunk 3", "right", "chunk 4"]
    assert not strips.join_button.isEnabled()
    again = State.from_json(panel.session.state.to_json())
    assert again.groupings == panel.session.state.groupings
    click(qtbot, strips.part_button)
    panel.session.undo()
    assert len(panel.scene.groups) == 3
    panel.session.undo()
    panel.session.undo()
    assert [g.name for g in panel.scene.groups] == [f"chunk {i}" for i in range(1, 5)]


def test_a_picture_of_a_strip_is_one_exchange(panel, qtbot):
    strips = page(panel, qtbot, panel.strips)
    codes = packed(panel)
    np.testing.assert_allclose(strips.codes[1, 2], [*codes[0, :2], *codes[2, 2:4], *codes[0, 4:]], atol=1e-6)
    at = strips.grid.cell(5).center()
    click(qtbot, strips.grid, at)
    qtbot.mouseDClick(strips.grid, LEFT, pos=at)
    np.testing.assert_allclose(panel.session.space.pack(panel.session.code), strips.codes[1, 2])


def test_traversals_are_sorted_and_move(panel, qtbot):
    lines = page(panel, qtbot, panel.traversals)
    names = [title.split(" · ")[0] for title in lines.grid.row_titles]
    assert {names[-1][:7], names[-2][:7]} == {"chunk 4"}  # what changes nothing comes last
    choose(lines.sorting, qtbot, "their own order")
    assert lines.grid.row_titles[0].startswith("chunk 1 1")
    choose(lines.sorting, qtbot, "nats (KL)")
    settle(panel, qtbot)
    assert "no encoder" in lines.said.text()
    choose(lines.source, qtbot, "source A")
    settle(panel, qtbot)
    row = packed(panel)[0].copy()
    row[0] = -2
    np.testing.assert_allclose(lines.codes[0, 0], row, atol=1e-6)
    click(qtbot, lines.play_button)
    shown = [a.copy() for a in lines.grid.arrays]
    assert len(shown) == len(lines.order)
    qtbot.waitUntil(lambda: any((a != b).any() for a, b in zip(lines.grid.arrays, shown, strict=True)))
    click(qtbot, lines.play_button)
    assert lines.grid.columns == 9
    grid = lines.grid
    click(qtbot, grid, grid.cell(1).center())
    np.testing.assert_allclose(
        panel.session.space.pack(panel.session.code), lines.codes[lines.order[0], 1], atol=1e-6
    )


def test_traversals_along_principal_directions_and_their_motion(panel, qtbot, monkeypatch):
    lines = page(panel, qtbot, panel.traversals)
    choose(lines.along, qtbot, "principal directions")
    qtbot.waitUntil(lambda: bool(lines.lines) and lines.lines[0].name == "PC 1")
    saved = []
    monkeypatch.setattr(lines.saver, "ask_and_save", lambda *args, **options: saved.append((args, options)))
    for action in lines.export_button.menu().actions():
        action.trigger()
    (grid, _), (gif, how), _ = saved
    assert grid[2].shape[0] == 9 * len(lines.order)
    assert gif[2].shape[:3] == (9, 16, 16 * len(lines.order))
    assert how["swing"]
    choose(lines.along, qtbot, "kept directions")
    settle(panel, qtbot)
    assert "nothing to move" in lines.grid.hint


def halves():
    """Pictures whose left and right halves are each dark or bright, and which."""
    factors = np.random.default_rng(0).integers(2, size=(300, 2))
    images = np.zeros((300, 16, 16, 1), np.uint8)
    images[:, :, :8] = (60 + 130 * factors[:, 0])[:, None, None, None]
    images[:, :, 8:] = (60 + 130 * factors[:, 1])[:, None, None, None]
    return images, factors


def test_an_oracle_measures_what_each_chunk_carries(panel, qtbot, tmp_path):
    images, factors = halves()
    np.savez(tmp_path / "halves.npz", images=images, labels=factors, factor_names=np.array(["left", "right"]))
    oracle = page(panel, qtbot, panel.oracle)
    assert not oracle.measure_button.isEnabled()
    write(qtbot, oracle.spec, f"npz:{tmp_path / 'halves.npz'}")
    click(qtbot, oracle.make_button)
    settle(panel, qtbot)
    assert "left 100%" in oracle.told.text()
    oracle.pairs.setValue(200)
    click(qtbot, oracle.measure_button)
    settle(panel, qtbot)
    carried = oracle.matrices["transfer"].matrices["transfer"]
    kept = oracle.matrices["transfer"].matrices["preservation"]
    assert carried.shape == (4, 2)
    assert carried[1, 1] > 0.95  # the second chunk is the right half
    assert kept[1, 0] > 0.95
    assert kept[3].min() == 1  # the dead one disturbs nothing
    assert "right: chunk 2 carries" in oracle.said.text()
    assert "200 swaps of pictures drawn from the model" in oracle.said.text()
    click(qtbot, oracle.leak_button)
    settle(panel, qtbot)
    leak = oracle.matrices["leak"].matrices["leak"]
    assert leak[1, 1] > 0.9
    assert leak[3].max() < 0.75
    choose(oracle.view, qtbot, "Preservation")
    assert oracle.matrix.values is kept
    table = page(panel, qtbot, panel.whole_table)
    qtbot.waitUntil(lambda: bool(table.grid.captions))
    words = set(" ".join(table.grid.captions).split())
    assert words <= {"+1", "+2", "!1", "!2", "same"}
    qtbot.mouseMove(table.grid, table.grid.cell(6).center())
    assert "A with chunk 1 of B" in table.said.text()


def test_images_of_the_data_are_swapped_where_the_model_encodes(panel, qtbot, tmp_path, tiny_models):
    images, factors = halves()
    np.savez(tmp_path / "halves.npz", images=images, labels=factors, factor_names=np.array(["left", "right"]))
    panel.session.select_model(str(tiny_models["tiny"]))
    for _ in range(2):
        panel.sources.add_random()
    settle(panel, qtbot)
    oracle = page(panel, qtbot, panel.oracle)
    write(qtbot, oracle.spec, f"npz:{tmp_path / 'halves.npz'}")
    click(qtbot, oracle.make_button)
    settle(panel, qtbot)
    asked = []
    ask = panel.host.ask
    panel.host.ask = lambda verb, *args, **given: (asked.append(verb), ask(verb, *args, **given))[1]
    oracle.pairs.setValue(50)
    click(qtbot, oracle.measure_button)
    settle(panel, qtbot)
    del panel.host.ask
    assert asked[0] == "encode"
    assert "50 swaps of images of the data" in oracle.said.text()


def test_a_bundled_oracle_is_there_without_data(panel, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(oracle_file, "FOLDER", tmp_path)
    kept = fit(*halves(), ("left", "right"), Task())
    oracle_file.write(tmp_path / "two-halves-16.npz", kept)
    known = replace(panel.session.model, dataset="Two halves", path=panel.session.model.path)
    panel.session.add_model(replace(known, checksum="told anew"))
    oracle = page(panel, qtbot, panel.oracle)
    assert oracle.source.currentText() == "the model's own"
    click(qtbot, oracle.make_button)
    settle(panel, qtbot)
    assert oracle.told.text() == kept.sentence()
    oracle.pairs.setValue(100)
    click(qtbot, oracle.measure_button)
    settle(panel, qtbot)
    assert oracle.matrices["transfer"].matrices["transfer"][1, 1] > 0.95
    (tmp_path / "two-halves-16.npz").write_bytes(b"nothing of the kind")
    click(qtbot, oracle.make_button)
    settle(panel, qtbot)
    assert "two-halves-16.npz holds no oracle" in oracle.told.text()


def test_a_search_for_an_oracle_that_fails_says_why(panel, qtbot):
    oracle = page(panel, qtbot, panel.oracle)
    write(qtbot, oracle.spec, "npz:nowhere.npz")
    click(qtbot, oracle.make_button)
    settle(panel, qtbot)
    assert "nowhere" in oracle.told.text()
    choose(oracle.source, qtbot, "the model's own")
    assert not oracle.make_button.isEnabled()
    assert "No classifier and no oracle" in oracle.make_button.toolTip()
    assert not panel.session.model.can(Capability.ENCODES)
