"""A selection is shared, undone and redone, and not saved."""

import json

import numpy as np

from explorer.model.selection import Selection
from explorer.model.state import State
from tests.model.test_session import session

TABLE = np.arange(12, dtype=np.float32).reshape(6, 2)


def chosen(rows, model="a"):
    rows = np.asarray(rows)
    return Selection(model, "codes", rows, rows, TABLE)


def test_a_selection_is_told_undone_and_redone():
    made, heard = session(), []
    made.selection_changed.connect(lambda: heard.append(made.selection.ids.tolist()))
    made.select(chosen([1, 4]))
    made.select(chosen([2]))
    made.undo()
    made.undo()
    made.redo()
    assert heard == [[1, 4], [2], [1, 4], [], [1, 4]]
    np.testing.assert_array_equal(made.selection.codes, TABLE[[1, 4]])
    assert made.undo_label == "Select 2 points"


def test_selecting_nothing_twice_is_no_step():
    made = session()
    before = made.undo_label
    made.select(chosen([]))
    assert made.undo_label == before


def test_selections_share_their_table_and_belong_to_their_model():
    made = session()
    made.select(chosen([0, 5]))
    assert made.selection.table is TABLE
    made.select_model("b")
    assert len(made.selection) == 0
    made.select_model("a")
    assert len(made.selection) == 2


def test_a_saved_session_has_no_selection():
    made = session()
    made.select(chosen([3]))
    saved = json.loads(json.dumps(made.state.to_json()))
    assert len(State.from_json(saved).selection) == 0
