"""The Compare panel over a real model host, by real clicks, keys and drops."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QPoint, Qt

from backends import catalog
from backends.native import describe, read_info, save
from explorer.latent import compare
from explorer.latent.task import Task
from explorer.model.state import Path
from explorer.panels.compare import MOST, ComparePanel
from explorer.panels.compare_codes import CODE, ENCODE, SAMPLES, WALK
from explorer.panels.compare_measure import HEADERS
from tests.hands import choose_file, click, drop, holding_image, settle


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """Another untrained VAE of the same latent space as `tiny`."""
    import torch

    from backends.registry import families

    torch.manual_seed(3)
    model = families()["vae"].build({"latent": 4, "width": 6, "image_size": 16})
    path = tmp_path_factory.mktemp("twin") / "twin.safetensors"
    save(path, model, replace(describe(model, name="twin", family="vae"), dataset="nothing"))
    return read_info(path)


@pytest.fixture
def panel(services, qtbot, twin):
    services.session.set_models([*services.session.models.values(), twin])
    made = ComparePanel(services)
    qtbot.addWidget(made, before_close_func=lambda panel: settle(panel, qtbot))  # an answer needs its panel
    made.resize(900, 700)
    made.problems, made.told = [], []
    services.notices.problem.connect(lambda what, advice: made.problems.append(what))
    services.notices.told.connect(made.told.append)
    made.show()
    return made


@pytest.fixture
def three(panel, qtbot, twin):
    """`tiny`, its twin and a GAN of another space."""
    panel.session.set_compared([named(panel, n).path for n in ("tiny", "twin", "tiny-wide")])
    settle(panel, qtbot)
    return panel


def named(panel, name):
    return next(m for m in panel.session.models.values() if m.name == name)


def choose(panel, qtbot, mode):
    combo = panel.modes
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    while combo.currentData() != mode:
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    settle(panel, qtbot)


def cell(panel, row, header):
    return panel.figures.table.item(row, HEADERS.index(header)).text()


def pictures(panel, index):
    return panel.columns[index].pictures.images


def reference(panel, qtbot, info, codes, truncation=1.0):
    """The pictures of codes, asked for beside the panel."""
    got = []
    panel.host.ask("generate", info.path, arrays={"codes": codes}, options={"truncation": truncation},
                   on_result=lambda r: got.append(r.arrays["images"]))  # fmt: skip
    qtbot.waitUntil(lambda: bool(got))
    return got[0]


def test_an_empty_panel_says_what_to_do_and_the_menu_fills_it(panel, qtbot):
    assert "Add model" in panel.middle.currentWidget().text()
    assert not panel.figures.isVisible()
    panel.fill_menu()
    texts = [a.text() for a in panel.menu.actions()]
    assert {"tiny", "tiny-wide", "tiny-label", "twin", "Model file…"} <= set(texts)
    panel.menu.actions()[texts.index("twin")].trigger()
    settle(panel, qtbot)
    assert [c.info.name for c in panel.columns] == ["twin"]
    panel.fill_menu()
    assert "twin" not in [a.text() for a in panel.menu.actions()]
    next(a for a in panel.menu.actions() if "current latent space" in a.text()).trigger()
    settle(panel, qtbot)
    assert [c.info.name for c in panel.columns] == ["tiny", "twin"]
    panel.session.undo()
    assert [c.info.name for c in panel.columns] == ["twin"]


def test_models_of_one_space_share_the_code_and_others_the_seed(three, qtbot):
    session = three.session
    session.set_seed(7)
    session.set_value("z", 0, 2.5)
    for value in np.linspace(0, 1, 30):
        session.set_value("z", 1, float(value))
    session.set_truncation(0.5)
    settle(three, qtbot)
    for index, name in enumerate(("tiny", "twin")):
        expected = reference(three, qtbot, named(three, name), session.space.pack(session.code)[None], 0.5)
        np.testing.assert_array_equal(pictures(three, index)[0], expected[0])
        assert three.columns[index].said.text() == "same code"
    wide = named(three, "tiny-wide")
    expected = reference(three, qtbot, wide, wide.space.pack(wide.space.sample(7))[None], 0.5)
    np.testing.assert_array_equal(pictures(three, 2)[0], expected[0])
    assert "seed 7" in three.columns[2].said.text()


def test_differences_are_from_the_first_and_can_be_hidden(three, qtbot):
    signed, error = compare.difference(pictures(three, 1)[0], pictures(three, 0)[0])
    np.testing.assert_array_equal(three.columns[1].difference.images[0], compare.in_colour(signed))
    assert cell(three, 1, "Difference") == f"{error:.4f}"
    assert cell(three, 0, "Difference") == "reference"
    assert float(cell(three, 0, "ms a picture").replace(",", "")) > 0
    click(qtbot, three.differ, QPoint(8, three.differ.height() // 2))
    settle(three, qtbot)
    assert not three.columns[1].difference.isVisible()


def test_sample_grids_have_the_same_seeds(three, qtbot):
    choose(three, qtbot, SAMPLES)
    three.count.setFocus()
    three.count.selectAll()
    qtbot.keyClicks(three.count, "5")
    qtbot.keyClick(three.count, Qt.Key.Key_Return)
    settle(three, qtbot)
    twin = named(three, "twin")
    seed = three.session.state.seed
    codes = twin.space.pack_many([twin.space.sample(s) for s in range(seed, seed + 5)])
    np.testing.assert_array_equal(np.stack(pictures(three, 1)), reference(three, qtbot, twin, codes))
    grid = three.columns[1].pictures.grid
    at = grid.cell(3).center()
    click(qtbot, grid, at)
    qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=at)
    assert three.session.model.name == "twin"
    assert three.session.code == twin.space.sample(seed + 3)
    three.session.undo()
    assert three.session.model.name == "tiny"
    settle(three, qtbot)


def test_a_walk_is_the_sessions_where_it_fits(three, qtbot):
    space = three.session.space
    three.session.set_path(Path(three.session.state.model, (space.sample(3), space.sample(4)), "linear"))
    choose(three, qtbot, WALK)
    assert three.columns[0].said.text() == "the same walk"
    assert "seed" in three.columns[2].said.text()
    codes = compare.walk_of(space, (space.sample(3), space.sample(4)), 0, three.count.value(), "linear")
    np.testing.assert_array_equal(
        np.stack(pictures(three, 1)), reference(three, qtbot, named(three, "twin"), codes)
    )
    choose(three, qtbot, CODE)
    assert len(pictures(three, 1)) == 1


def test_a_dropped_image_is_encoded_by_all_that_can(three, qtbot, tmp_path):
    choose(three, qtbot, ENCODE)
    assert "Drop an image" in three.columns[0].pictures.view.hint
    image = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    choose(three, qtbot, CODE)
    assert drop(three.columns[0].pictures.view, holding_image(image))
    settle(three, qtbot)
    assert three.mode == ENCODE
    assert three.input.isVisible()
    assert "error" in three.columns[0].said.text()
    assert "no encoder" in three.columns[2].pictures.view.hint
    shown = pictures(three, 0)[0]
    assert cell(three, 0, "Difference") == f"{compare.difference(shown, compare.like(image, shown))[1]:.4f}"
    Pillow.new("L", (16, 16), 90).save(tmp_path / "a.png")
    click(qtbot, three.opening)
    choose_file(three, qtbot, tmp_path / "a.png")
    settle(three, qtbot)
    assert three.image[0, 0, 0] == 90
    (tmp_path / "a.png").write_bytes(b"nothing")
    click(qtbot, three.opening)
    choose_file(three, qtbot, tmp_path / "a.png")
    assert "can't be read" in three.problems[-1]
    three.session.image_dropped.emit(np.full((16, 16, 1), 10, np.uint8))
    assert three.image[0, 0, 0] == 10


def test_reconstruction_errors_and_test_images(three, qtbot):
    figures = three.figures
    figures.data.setFocus()
    figures.data.selectAll()
    qtbot.keyClicks(figures.data, "digits")
    figures.count.setValue(12)
    click(qtbot, figures.button)
    qtbot.waitUntil(lambda: "±" in cell(three, 0, "Reconstruction"))
    settle(three, qtbot)
    assert cell(three, 2, "Reconstruction") == "no encoder"
    options = {"data": "digits", "image_size": 16, "channels": 1, "count": 12}
    images = compare.load_images(Task(), {}, options)["images"]
    got = []
    three.host.ask("encode", named(three, "twin").path, arrays={"images": images},
                   on_result=lambda r: got.append(r.arrays["errors"]))  # fmt: skip
    qtbot.waitUntil(lambda: bool(got))
    assert figures.errors[named(three, "twin").path][0] == pytest.approx(float(got[0].mean()))
    choose(three, qtbot, ENCODE)
    click(qtbot, three.testing)
    qtbot.waitUntil(lambda: three.image is not None and not three.busy())
    first = three.image
    click(qtbot, three.testing)
    settle(three, qtbot)
    assert not np.array_equal(first, three.image)


def test_wrong_data_is_a_sentence_and_measuring_can_be_cancelled(three, qtbot):
    three.figures.data.setText("nonsense")
    click(qtbot, three.figures.button)
    qtbot.waitUntil(lambda: bool(three.problems))
    assert "nonsense" in three.problems[-1]
    assert cell(three, 0, "Reconstruction") == ""
    three.figures.data.setText("digits")
    click(qtbot, three.figures.button)
    assert three.figures.busy()
    three.figures.waiting.cancel()
    assert not three.figures.busy()
    assert cell(three, 0, "Reconstruction") == ""


def test_models_are_reordered_removed_and_made_current(three, qtbot):
    click(qtbot, three.columns[0].right)
    settle(three, qtbot)
    assert [c.info.name for c in three.columns] == ["twin", "tiny", "tiny-wide"]
    assert not three.columns[0].left.isEnabled()
    click(qtbot, three.columns[2].left)
    settle(three, qtbot)
    assert [c.info.name for c in three.columns] == ["twin", "tiny-wide", "tiny"]
    click(qtbot, three.columns[1].away)
    settle(three, qtbot)
    assert [c.info.name for c in three.columns] == ["twin", "tiny"]
    click(qtbot, three.columns[0].title)
    assert three.session.model.name == "twin"


def test_six_are_the_most_and_a_file_can_be_added(panel, qtbot, tmp_path, twin):
    content = open(twin.path, "rb").read()
    for number in range(MOST + 1):
        (tmp_path / f"m{number}.safetensors").write_bytes(content)
        panel.add_file(str(tmp_path / f"m{number}.safetensors"))
    settle(panel, qtbot)
    assert len(panel.columns) == MOST
    assert "Six models" in panel.problems[-1]
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    panel.clear()
    panel.add_file(str(tmp_path / "bad.safetensors"))
    assert "bad.safetensors" in panel.problems[-1]
    assert not panel.columns


def test_a_stage_of_a_training_is_kept(panel, qtbot, twin):
    run = catalog.runs_folder() / "a-run"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "model.safetensors").write_bytes(open(twin.path, "rb").read())
    info = replace(catalog.read(run / "model.safetensors"), run="a-run", step=500)
    panel.session.add_model(info)
    panel.add(info.path)
    settle(panel, qtbot)
    assert panel.columns[0].stage.isVisible()
    assert "500" in panel.columns[0].title.text()
    click(qtbot, panel.columns[0].stage)
    qtbot.waitUntil(lambda: len(panel.columns) == 2)
    settle(panel, qtbot)
    assert "kept" in panel.told[-1]
    np.testing.assert_array_equal(pictures(panel, 0)[0], pictures(panel, 1)[0])


def test_a_model_that_is_gone_is_left_out(panel, qtbot):
    panel.session.set_compared(["nowhere", panel.session.state.model])
    settle(panel, qtbot)
    assert [c.info.name for c in panel.columns] == ["tiny"]


def test_demonstration_commands_and_saved_settings(panel, qtbot):
    panel.demonstrate()
    settle(panel, qtbot)
    assert [c.info.name for c in panel.columns][:2] == ["tiny", "twin"]
    assert all(c.enabled() is True for c in panel.commands())
    panel.set_mode(WALK)
    saved = panel.settings_to_save()
    panel.set_mode(CODE)
    panel.restore_settings({"mode": "odd", "count": "many"})
    assert panel.mode == CODE
    panel.restore_settings(saved)
    assert panel.mode == WALK
    settle(panel, qtbot)
