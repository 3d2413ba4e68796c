import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.ops.masks import causal, padding, window
from attn.ops.softmax import softmax

LENGTH = st.integers(0, 7)


@given(LENGTH, LENGTH)
def test_causal_lets_the_last_queries_see_up_to_their_own_place(n, m):
    mask = causal(n, m)
    assert mask.shape == (n, m)
    assert all(mask[i, j] == (j <= i + m - n) for i, j in np.ndindex(n, m))


def test_causal_alone_is_the_lower_triangle():
    assert causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_one_new_query_sees_all_that_came_before():
    assert causal(1, 5).all()


def test_padding_shows_each_sequence_up_to_its_length():
    mask = padding(np.array([[2, 0], [1, 3]]), 3)
    assert mask.shape == (2, 2, 1, 3)
    assert mask[:, :, 0].tolist() == [
        [[True, True, False], [False, False, False]],
        [[True, False, False], [True, True, True]],
    ]


@given(LENGTH, LENGTH)
def test_window_shows_the_neighbors(n, width):
    mask = window(n, width)
    assert mask.shape == (n, n)
    assert all(mask[i, j] == (abs(i - j) <= width) for i, j in np.ndindex(n, n))


def test_masks_are_boolean_and_combine_by_and():
    mask = causal(4) & window(4, 1) & padding(np.array([4, 2]), 4)
    assert mask.dtype == bool
    assert mask.shape == (2, 4, 4)
    assert (softmax(np.zeros((2, 4, 4)), mask)[1, 3] == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal(2.5), "n: expected a whole number of at least 0, got 2.5"),
        (lambda: causal(2, -1), "m: expected a whole number of at least 0, got -1"),
        (lambda: window(2, True), "width: expected a whole number of at least 0, got True"),
        (lambda: window("2", 1), "n: expected a whole number of at least 0, got '2'"),
        (lambda: padding(np.array([1]), 2.5), "m: expected a whole number of at least 0, got 2.5"),
        (lambda: padding([1], 3), "lengths: expected an array of integers, got list"),
        (lambda: padding(np.array([1.0]), 3), "lengths: expected an array of integers"),
        (lambda: padding(np.array([1, 4]), 3), "lengths: expected 0 to 3, got 1 to 4"),
        (lambda: padding(np.array([-1]), 3), "lengths: expected 0 to 3, got -1 to -1"),
    ],
)
def test_what_is_no_length_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
