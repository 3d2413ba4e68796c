import tracemalloc

import numpy as np
import pytest

from attn.ops.products import combine, combine_backward, project, project_backward
from attn.tools.gradcheck import gradcheck


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_project_is_the_sum_over_features(rng):
    x, W = rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7))
    y = project(x, W)
    for b, i, p in np.ndindex(2, 3, 7):
        assert y[b, i, p] == pytest.approx(sum(x[b, i, d] * W[d, p] for d in range(5)))


def test_combine_is_the_sum_over_keys(rng):
    alpha, v = rng.random((2, 3, 5)), rng.standard_normal((2, 5, 7))
    c = combine(alpha, v)
    for b, i, p in np.ndindex(2, 3, 7):
        assert c[b, i, p] == pytest.approx(sum(alpha[b, i, j] * v[b, j, p] for j in range(5)))
    assert c == pytest.approx(np.einsum("...ij,...jp->...ip", alpha, v))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_weight_of_zero_reads_nothing_not_even_nan(bad):
    alpha = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    v = np.array([[1.0, 2.0], [3.0, 4.0], [bad, 6.0]])
    c = combine(alpha, v)
    assert c[0].tolist() == [2, 3]
    assert np.array_equal(c[1], [bad, 5], equal_nan=True)
    assert not np.isfinite(combine(np.array([[0, 0, -1.0], [0, 0, 1e-300]]), v)[:, 0]).any()


def test_what_is_not_finite_adds_up_as_in_the_sum(rng):
    special = [np.nan, np.inf, -np.inf, 0.0, 2.0, -3.0]
    alpha, v = rng.choice(special, (40, 9, 4)), rng.choice(special, (40, 4, 9))
    with np.errstate(invalid="ignore"):
        terms = alpha[..., None] * v[:, None]
        expected = np.where(alpha[..., None] == 0, 0, terms).sum(axis=-2)
    np.testing.assert_array_equal(combine(alpha, v), expected)


def test_a_number_that_is_missing_takes_no_more_memory_than_the_product(rng):
    alpha, v = rng.random((2, 300, 400)), rng.random((2, 400, 50))
    v[0, 0, 0] = np.nan
    tracemalloc.start()
    combine(alpha, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * (alpha.nbytes + v.nbytes)  # all terms at once would take 20 times as much


def test_nan_in_a_gradient_reaches_the_values_that_were_read_alone():
    alpha, v = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]), np.ones((3, 2))
    dalpha, dv = combine_backward(np.array([[np.nan, 1.0], [1.0, 1.0]]), alpha, v)
    assert np.isnan(dalpha).all(axis=-1).tolist() == [True, False]
    assert np.isnan(dv[:, 0]).tolist() == [True, True, False]
    assert dv[:, 1].tolist() == [0.5, 1, 0.5]


def test_gradcheck_project(rng):
    args = rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7))
    assert gradcheck(project, project_backward, args, rng) < 1e-7


@pytest.mark.parametrize("keys", [1, 5])
def test_gradcheck_combine(rng, keys):
    args = rng.random((2, 3, keys)), rng.standard_normal((2, keys, 7))
    assert gradcheck(combine, combine_backward, args, rng) < 1e-7


def test_rows_without_a_gradient_send_back_nothing_not_even_nan(rng):
    x, W, dy = rng.standard_normal((2, 3, 5)), rng.standard_normal((5, 7)), np.ones((2, 3, 7))
    x[1, 2], dy[1, 2] = np.nan, 0
    dW = project_backward(dy, x, W)[1]
    x[1, 2] = 0
    assert dW == pytest.approx(project_backward(dy, x, W)[1])


def test_a_width_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"W: expected \(d, p\) with d = 3, got \(5, 7\)"):
        project(np.ones((2, 3)), np.ones((5, 7)))


def test_weights_and_values_must_agree_on_the_keys():
    with pytest.raises(ValueError, match=r"v: expected \(..., j, p\) with j = 3, got \(2, 4\)"):
        combine(np.ones((5, 3)), np.ones((2, 4)))
