"""The session: one undo step per gesture, and back again through anything."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.api import BadCode, Capability, Knob, LatentSpace, ModelInfo, Part, Prior
from explorer.model.asking import PREVIEW, options_of, settled_options
from explorer.model.session import Session
from explorer.model.state import Direction, Favourite, Path, Source, State


def info(path: str = "a", size: int = 4) -> ModelInfo:
    label = Part("label", (3,), Prior.CATEGORICAL)
    space = LatentSpace((Part("z", (size,)), label))
    return ModelInfo(path, path, "vae", space, frozenset({Capability.GENERATES}), (28, 28, 1))


def session() -> Session:
    made = Session()
    made.set_models([info("a"), info("b", 6)])
    return made


def test_the_first_generator_becomes_current_with_a_code():
    made = session()
    assert made.state.model == "a"
    assert made.code is not None
    assert not made.undo_label


def test_a_model_that_was_trained_further_keeps_its_place():
    made = session()
    made.add_model(replace(info("a"), step=100))
    made.add_model(info("c"))
    assert [(m.path, m.step) for m in made.models.values()] == [("a", 100), ("b", 0), ("c", 0)]


def test_a_drag_is_one_undo_step():
    made = session()
    before = made.code
    for value in np.linspace(0, 2, 50):
        made.set_value("z", 1, float(value))
    made.end_gesture()
    made.set_value("z", 1, -1.0)
    assert made.code.values["z"][1] == -1.0
    made.undo()
    assert made.code.values["z"][1] == 2.0
    made.undo()
    assert made.code is before
    made.redo()
    assert made.code.values["z"][1] == 2.0


def test_two_sliders_are_two_steps_even_without_a_pause():
    made = session()
    made.set_value("z", 0, 1.0)
    made.set_value("z", 1, 1.0)
    made.undo()
    assert made.code.values["z"][0] == 1.0


def test_each_model_keeps_its_own_code():
    made = session()
    made.set_value("z", 0, 1.5)
    made.select_model("b")
    assert len(made.code.values["z"]) == 6
    made.select_model("a")
    assert made.code.values["z"][0] == 1.5
    made.undo()
    assert made.state.model == "b"


def test_locks_keep_a_dimension_through_seeds_and_reset():
    made = session()
    made.set_value("z", 2, 2.5)
    made.toggle_lock("z", 2)
    made.set_seed(99)
    assert made.code.values["z"][2] == 2.5
    made.set_lattice(1.5, 3.25)
    assert made.code.values["z"][2] == 2.5
    made.reset()
    np.testing.assert_array_equal(made.code.values["z"], [0, 0, 2.5, 0])
    made.toggle_lock("z", 2)
    made.reset()
    np.testing.assert_array_equal(made.code.values["z"], 0)


def test_reset_keeps_the_label_and_truncation_survives_a_seed():
    made = session()
    made.set_code(made.code.with_value("label", [0, 0, 1]))
    made.set_truncation(0.5)
    made.reset()
    np.testing.assert_array_equal(made.code.values["label"], [0, 0, 1])
    assert made.code.truncation == 1.0
    made.set_truncation(0.5)
    made.set_seed(5)
    assert made.code.truncation == 0.5


def test_a_code_of_another_model_is_refused_and_changes_nothing():
    made = session()
    before = made.state
    with pytest.raises(BadCode):
        made.set_code(info("b", 6).space.sample(0))
    assert made.state is before


def test_signals_tell_what_changed_and_nothing_else():
    made = session()
    heard: list[str] = []
    made.code_changed.connect(lambda: heard.append("code"))
    made.model_changed.connect(lambda: heard.append("model"))
    made.favourites_changed.connect(lambda: heard.append("favourites"))
    made.add_favourite(Favourite("a", made.code, np.zeros((4, 4, 3), np.uint8)))
    assert heard == ["favourites"]
    made.select_model("b")
    assert heard == ["favourites", "model", "code"]


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("value"), st.integers(0, 3), st.floats(-3, 3)),
        st.tuples(st.just("seed"), st.integers(0, 9999)),
        st.tuples(st.just("model"), st.sampled_from(["a", "b"])),
        st.tuples(st.just("lattice"), st.floats(-9, 9), st.floats(-9, 9)),
        st.tuples(st.just("lock"), st.integers(0, 3)),
        st.tuples(st.just("end")),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(EDITS)
def test_undo_all_is_the_start_and_redo_all_the_end(edits):
    made = session()
    start = json.dumps(made.state.to_json())
    for name, *values in edits:
        if name == "value":
            made.set_value("z", *values)
        elif name == "seed":
            made.set_seed(*values)
        elif name == "model":
            made.select_model(*values)
        elif name == "lattice":
            made.set_lattice(*values)
        elif name == "lock":
            made.toggle_lock("z", *values)
        else:
            made.end_gesture()
    end = json.dumps(made.state.to_json())
    while made.undo_label:
        made.undo()
    assert json.dumps(made.state.to_json()) == start
    while made.redo_label:
        made.redo()
    assert json.dumps(made.state.to_json()) == end


def test_a_whole_session_survives_json():
    made = session()
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    made.add_favourite(Favourite("a", made.code, picture, "mine"))
    made.add_direction(Direction("a", "z", np.ones(4, np.float32), "smile", "class means"))
    made.set_path(Path("a", (made.code, info().space.sample(4)), "linear", 7))
    made.set_sources([Source("a", made.code, picture)])
    made.set_compared(["a", "b"])
    made.toggle_lock("z", 1)
    text = json.dumps(made.state.to_json())
    again = session()
    again.restore(State.from_json(json.loads(text)))
    assert json.dumps(again.state.to_json()) == text
    np.testing.assert_array_equal(again.state.favourites[0].thumbnail, picture)
    assert not again.undo_label


def test_a_restored_session_whose_model_is_gone_keeps_what_there_is():
    made = session()
    made.set_seed(4)
    gone = State.from_json({**made.state.to_json(), "model": "gone"})
    again = session()
    again.restore(gone)
    assert again.state.model == "a"
    assert again.code is not None


def test_a_knob_is_one_step_survives_a_seed_and_goes_home():
    made, knob = session(), Knob("steps", "Steps", 1, 50, 10, whole=True)
    before = made.code
    for value in (11.2, 20.4, 99):
        made.set_knob(knob, value)
    made.end_gesture()
    assert made.code.options == {"steps": 50.0}
    made.set_seed(7)
    assert made.code.options == {"steps": 50.0}
    assert made.code_at(made.space.pack(made.code)) == made.code
    made.undo()
    assert made.undo_label == "Steps"
    made.undo()
    assert made.code is before
    made.redo()
    made.set_knob(knob, 10)
    assert made.code == before  # as if it had never been touched


def test_who_listens_hears_when_the_hand_rests():
    made, rested = session(), []
    made.rested.connect(lambda: rested.append(made.moving))
    made.set_value("z", 0, 1.0)
    assert made.moving
    made.end_gesture()
    made.end_gesture()
    assert rested == [False]
    made.set_seed(3)
    assert not made.moving


def test_noise_comes_of_its_own_seed_and_stays_on_reset():
    noise = Part("noise", (9,), role="noise")
    space = LatentSpace((Part("z", (4,)), noise))
    made = Session()
    made.set_models([replace(info(), space=space)])
    kept = made.code.values["z"]
    made.set_noise("noise", 12)
    np.testing.assert_array_equal(made.code.values["noise"], made.space.sample(12).values["noise"])
    np.testing.assert_array_equal(made.code.values["z"], kept)
    made.reset()
    np.testing.assert_array_equal(made.code.values["noise"], made.space.sample(12).values["noise"])
    assert not made.code.values["z"].any()


def test_options_of_a_code_for_the_host():
    code = session().code.with_truncation(0.5).with_options({"steps": 3.0})
    assert options_of(code) == {"steps": 3.0, "truncation": 0.5, "quality": "full"}
    assert settled_options(code, PREVIEW) == {"steps": 3.0, "truncation": 1.0, "quality": "preview"}
    assert options_of(None)["truncation"] == 1.0
