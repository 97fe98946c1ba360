"""Messages survive the stream whole, or not at all."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backends.wire import StreamClosed, read_message, write_message

ARRAYS = hnp.arrays(
    st.sampled_from(["u1", "<f4", "<i8", "?"]), hnp.array_shapes(min_dims=0, min_side=0, max_side=5)
)


@given(
    st.dictionaries(st.text(max_size=5), st.integers()),
    st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4),
)
def test_what_is_written_is_read(head, arrays):
    stream = io.BytesIO()
    write_message(stream, head, arrays)
    stream.seek(0)
    got_head, got = read_message(stream)
    assert got_head == head
    assert list(got) == list(arrays)
    for name, array in arrays.items():
        assert got[name].dtype == array.dtype
        assert got[name].tobytes() == array.tobytes()
        assert got[name].shape == array.shape


def test_every_cut_is_an_end_and_never_half_a_message():
    stream = io.BytesIO()
    write_message(stream, {"verb": "generate"}, {"codes": np.arange(6, dtype=np.float32)})
    whole = stream.getvalue()
    for cut in range(len(whole)):
        with pytest.raises(StreamClosed):
            read_message(io.BytesIO(whole[:cut]))


def test_a_stream_out_of_step_is_noticed():
    with pytest.raises(StreamClosed, match="out of step"):
        read_message(io.BytesIO(b"print of a library\n" * 9))


def test_strided_arrays_arrive_as_they_looked():
    stream = io.BytesIO()
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)[:, ::-1]
    write_message(stream, {}, {"images": picture})
    stream.seek(0)
    np.testing.assert_array_equal(read_message(stream)[1]["images"], picture)
