import numpy as np
import pytest

from attn.ops.checks import check_count, check_indices, check_mask, check_shapes, full_mask


def test_shapes_that_fit_pass():
    check_shapes("q (..., n, d), k (..., m, d)", np.ones((2, 3, 5)), np.ones((2, 7, 5)))
    check_shapes("a (d), b (b), W (d + b, d)", np.ones(2), np.ones(3), np.ones((5, 2)))
    check_shapes("h (n), W (3n, n)", np.ones(2), np.ones((6, 2)))
    check_shapes("loss ()", np.array(1.0))


@pytest.mark.parametrize(
    ("spec", "shapes", "message"),
    [
        ("q (n, d), k (m, d)", [(3, 5), (7, 4)], r"k: expected \(m, d\) with d = 5, got \(7, 4\)"),
        ("q (..., d), k (..., d)", [(2, 5), (3, 5)], r"k: .* with \.\.\. = \(2,\), got \(3, 5\)"),
        ("q (..., n, d)", [(5,)], r"q: expected the shape \(\.\.\., n, d\), got \(5,\)"),
        ("W (d, p)", [(2, 3, 5)], r"W: expected the shape \(d, p\), got \(2, 3, 5\)"),
        ("k (..., m, d)", [(0, 5)], r"k: expected .* with at least one key, got \(0, 5\)"),
        ("h (n), b (3n)", [(2,), (5,)], r"b: expected \(3n\) with 3n = 6, got \(5,\)"),
        ("a (d), W (d + d)", [(2,), (3,)], r"W: expected \(d \+ d\) with d \+ d = 4, got \(3,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(spec, shapes, message):
    with pytest.raises(ValueError, match=message):
        check_shapes(spec, *map(np.ones, shapes))


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (np.ones(3, int), "int64"),
        (np.ones(3, bool), "bool"),
        (np.ones(3, complex), "complex128"),
        ([1.0, 2.0], "list"),
        (1.0, "float"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_array_of_floats_is_refused(x, kind):
    with pytest.raises(ValueError, match=f"x: expected an array of floats, got {kind}"):
        check_shapes("x (n)", x)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 1), (1, 5), (3, 5), (1, 1, 5), (2, 3, 5)])
def test_a_mask_may_leave_out_axes_or_have_them_of_length_one(shape):
    check_mask(np.ones(shape, bool), (2, 3, 5))
    full = full_mask(np.zeros(shape, bool), (2, 3, 5))
    assert full.shape == (2, 3, 5)
    assert not full.any()
    assert np.array_equal(full_mask(None, (2, 3)), np.ones((2, 3), bool))


def test_indices_that_do_not_count_are_not_named():
    x, where = np.array([[-7, 2], [3, 99]]), np.array([[False, True], [True, False]])
    check_indices("x", x, (2, 2), 4, where=where)
    with pytest.raises(ValueError, match="x: expected 0 to 2, got 2 to 3"):
        check_indices("x", x, (2, 2), 3, where=where)
    check_indices("x", x[:0], (0, 2), 3)


@pytest.mark.parametrize("x", [1.5, np.float64(2), np.array(1.5), np.array([3, 4]), True, 0, "3"])
def test_what_is_no_count_is_refused(x):
    with pytest.raises(ValueError, match="D: expected a whole number of at least 1, got"):
        check_count("D", x, 1)


def test_a_count_may_be_an_integer_of_numpy():
    check_count("D", np.int32(3), 3)


def test_booleans_are_no_indices():
    with pytest.raises(ValueError, match="tokens: expected an array of integers, got bool"):
        check_indices("tokens", np.ones(3, bool), (3,))
