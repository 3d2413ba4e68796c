import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.ops import scores
from attn.ops.scores import (
    additive,
    additive_precomputed,
    bilinear,
    concat,
    cosine,
    cosine_backward,
    dot,
    location,
    scaled_dot,
    unit,
)
from attn.tools.gradcheck import gradcheck

NAMES = ["dot", "scaled_dot", "bilinear", "additive", "concat", "cosine"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def arguments(name, rng, keys=7):
    """Batch 2, 3 queries; 5 features of queries and, where they may differ, 11 of keys."""
    width = 11 if name in ("bilinear", "additive", "concat") else 5
    normal = rng.standard_normal
    q, k = normal((2, 3, 5)), normal((2, keys, width))
    return {
        "bilinear": (q, k, normal((5, 11))),
        "additive": (q, k, normal((5, 13)) / 4, normal((11, 13)) / 4, normal(13)),
        "additive_precomputed": (q, normal((2, keys, 13)), normal((5, 13)) / 4, normal(13)),
        "concat": (q, k, normal((16, 13)) / 4, normal(13)),
        "location": (q, normal((5, keys))),
        "unit": (q,),
    }.get(name, (q, k))


def length(x):
    return math.sqrt(sum(x * x))


BY_HAND = {
    "dot": lambda q, k: sum(q * k),
    "scaled_dot": lambda q, k: sum(q * k) / math.sqrt(len(q)),
    "bilinear": lambda q, k, W_a: sum(
        q[i] * W_a[i, j] * k[j] for i, j in np.ndindex(len(q), len(k))
    ),
    "additive": lambda q, k, W_a, U_a, v_a: sum(
        v_a[p] * math.tanh(sum(q * W_a[:, p]) + sum(k * U_a[:, p])) for p in range(len(v_a))
    ),
    "concat": lambda q, k, W_a, v_a: sum(
        v_a[p] * math.tanh(sum([*q, *k] * W_a[:, p])) for p in range(len(v_a))
    ),
    "cosine": lambda q, k: sum(q * k) / (length(q) * length(k)),
}


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_the_sum_in_the_paper(rng, name):
    q, k, *params = arguments(name, rng)
    e = getattr(scores, name)(q, k, *params)
    assert e.shape == (2, 3, 7)
    for b, i, j in np.ndindex(e.shape):
        assert e[b, i, j] == pytest.approx(BY_HAND[name](q[b, i], k[b, j], *params), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_nan_in_a_query_or_key_reaches_its_own_scores_alone(rng, name):
    q, k, *params = arguments(name, rng)
    q[0, 1, 2] = k[1, 4, 0] = np.nan
    touched = np.zeros((2, 3, 7), bool)
    touched[0, 1, :] = touched[1, :, 4] = True
    assert np.array_equal(np.isnan(getattr(scores, name)(q, k, *params)), touched)


@pytest.mark.parametrize("name", NAMES)
def test_nan_in_a_query_or_key_without_a_gradient_reaches_no_other(rng, name):
    q, k, *params = arguments(name, rng)
    q[0, 1, 2] = k[1, 4, 0] = np.nan
    de = rng.standard_normal((2, 3, 7))
    de[0, 1, :] = de[1, :, 4] = 0
    dq, dk, *dparams = getattr(scores, f"{name}_backward")(de, q, k, *params)
    dq[0, 1], dk[1, 4] = 0, 0
    assert all(np.isfinite(g).all() for g in (dq, dk, *dparams))


@pytest.mark.parametrize("keys", [1, 7])
@pytest.mark.parametrize("name", [*NAMES, "additive_precomputed", "location", "unit"])
def test_gradcheck_scores(rng, name, keys):
    f, f_backward = getattr(scores, name), getattr(scores, f"{name}_backward")
    assert gradcheck(f, f_backward, arguments(name, rng, keys), rng) < 1e-7


def test_scaling_keeps_the_variance_at_one(rng):
    q, k = rng.standard_normal((2, 300, 256))
    assert dot(q, k).var() == pytest.approx(256, rel=0.1)
    assert scaled_dot(q, k).var() == pytest.approx(1, rel=0.1)


def test_precomputed_Uh_matches(rng):
    q, k, W_a, U_a, v_a = arguments("additive", rng)
    Uk = k @ U_a
    for i in range(3):
        step = additive_precomputed(q[:, i : i + 1], Uk, W_a, v_a)
        assert step == pytest.approx(additive(q, k, W_a, U_a, v_a)[:, i : i + 1])


@pytest.mark.parametrize("near", [1, 2 * 39, 2 * 7 * 39])
def test_a_hidden_layer_in_slabs_scores_the_same(rng, monkeypatch, near):
    q, k, *params = arguments("additive", rng)
    args = np.concatenate([q, q[:1]]), np.concatenate([k, k[1:]]), *params  # three sentences
    whole = additive(*args)
    monkeypatch.setattr(scores, "NEAR", near)  # of a pair each, of two keys, of two queries
    slabs = len(list(scores._slabs(np.zeros((3, 3, 13)), np.zeros((7, 3, 13)))))
    assert slabs == {1: 21, 2 * 39: 12, 2 * 7 * 39: 2}[near]
    assert additive(*args) == pytest.approx(whole)
    assert gradcheck(additive, scores.additive_backward, args, rng) < 1e-7


@pytest.mark.parametrize("kinds", ["ff", "dd", "ed", "fd"])
@pytest.mark.parametrize("loud", [1, 10, 30, 100, 400, 1e30])
def test_a_hidden_layer_does_not_overflow(rng, kinds, loud):
    """Its exponentials do, from 88 on in float32 and from 709 on in float64."""
    sizes = zip((3, 7), kinds, (min(loud, 6e4), loud), strict=True)  # half precision ends at 65,504
    x, y = (rng.uniform(-most, most, (n, 2, 50)).astype(kind) for n, kind, most in sizes)
    x[1, 0], y[4, 1] = rng.standard_normal((2, 50))  # loud ones have a quiet partner, too
    dtype = np.result_type(x, y)
    pair = slice(0, 3), slice(0, 7), np.empty((3, 7, 2, 50), dtype)
    one_sign = [(a * np.abs(x), b * np.abs(y)) for a, b in product((1, -1), repeat=2)]
    for queries, keys in [(x, y), *one_sign]:
        exact = np.tanh(queries[:, None].astype(float) + keys)
        error = np.abs(scores._hidden(queries, keys)(*pair) - exact)
        assert error.max() < 4 * np.finfo(dtype).eps


def test_the_score_of_a_pair_does_not_depend_on_the_others(rng):
    q, k, *params = arguments("additive", rng)
    e = additive(q, k, *params)
    k[:, 4] = 1e30
    assert np.array_equal(np.delete(additive(q, k, *params), 4, axis=-1), np.delete(e, 4, axis=-1))


def test_bilinear_with_the_identity_is_dot(rng):
    q, k = arguments("dot", rng)
    assert bilinear(q, k, np.eye(5)) == pytest.approx(dot(q, k))


def test_concat_is_additive_with_the_two_matrices_on_top_of_each_other(rng):
    q, k, W_a, U_a, v_a = arguments("additive", rng)
    both = np.concatenate([W_a, U_a])
    assert concat(q, k, both, v_a) == pytest.approx(additive(q, k, W_a, U_a, v_a))


def test_location_score_ignores_keys(rng):
    q, W_a = arguments("location", rng)
    e = location(q, W_a)
    for b, i, j in np.ndindex(2, 3, 7):
        assert e[b, i, j] == pytest.approx(sum(W_a[:, j] * q[b, i]))


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_cosine_ignores_lengths(a, b):
    q, k = np.array([[3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    assert cosine(a * q, b * k) == pytest.approx(np.array([[0.6, 0.8]]), rel=1e-3)


def test_cosine_never_passes_one(rng):
    q = rng.standard_normal((50, 5)) * 10.0 ** rng.integers(-12, 12, (50, 1))
    assert (np.abs(cosine(q, q)) <= 1 + 1e-15).all()


@pytest.mark.parametrize("zero", ["query", "key", "both"])
def test_cosine_of_a_zero_length_vector_is_zero_with_a_finite_gradient(rng, zero):
    q, k = rng.standard_normal((2, 3, 5))
    if zero in ("query", "both"):
        q[1] = 0
    if zero in ("key", "both"):
        k[2] = 0
    e = cosine(q, k)
    assert (e[1] == 0).all() or zero == "key"
    assert (e[:, 2] == 0).all() or zero == "query"
    assert all(np.isfinite(g).all() for g in cosine_backward(np.ones((3, 3)), q, k))


@pytest.mark.parametrize("zero", [0, 1])
def test_gradcheck_cosine_at_a_zero_length_vector(rng, zero):
    # The slope turns within 1e-3 of length 0, the root of ε: there, steps are a thousandth as long.
    q, k = rng.standard_normal((2, 3, 5))
    (q, k)[zero][1] = 0
    tiny = np.ones((2, 3, 1))
    tiny[zero, 1] = 1e-3

    def f(q, k):
        return cosine(q * tiny[0], k * tiny[1])

    def f_backward(de, q, k):
        dq, dk = cosine_backward(de, q * tiny[0], k * tiny[1])
        return dq * tiny[0], dk * tiny[1]

    assert gradcheck(f, f_backward, (q, k), rng) < 1e-7


def test_unit_vectors_have_length_one(rng):
    x = rng.standard_normal((4, 5))
    assert np.linalg.norm(unit(x), axis=-1) == pytest.approx(1, rel=1e-5)


def test_a_very_short_vector_stays_short():
    assert unit(np.array([[1e-3, 0], [0, 1e-6]])) == pytest.approx(
        np.array([[0.5**0.5, 0], [0, 1e-3]])
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: dot(x(3, 5), x(7, 4)), r"k: .* with d = 5, got \(7, 4\)"),
        (lambda x: scaled_dot(x(2, 3, 5), x(7, 5)), r"k: .* with \.\.\. = \(2,\), got \(7, 5\)"),
        (lambda x: scaled_dot(x(3, 0), x(7, 0)), r"q: .* at least one feature, got \(3, 0\)"),
        (lambda x: dot(x(3, 5), x(0, 5)), r"k: .* at least one key, got \(0, 5\)"),
        (lambda x: dot(x(3, 5).astype(int), x(7, 5)), "q: expected an array of floats, got int64"),
        (lambda x: bilinear(x(3, 5), x(7, 4), x(4, 5)), r"W_a: .* with d = 5, got \(4, 5\)"),
        (lambda x: additive(x(3, 5), x(7, 4), x(4, 2), x(4, 2), x(2)), "W_a: .* d = 5, got"),
        (lambda x: additive(x(3, 5), x(7, 4), x(5, 2), x(5, 2), x(2)), "U_a: .* b = 4, got"),
        (lambda x: additive(x(3, 5), x(7, 4), x(5, 2), x(4, 2), x(3)), "v_a: .* a = 2, got"),
        (lambda x: concat(x(3, 5), x(7, 4), x(8, 2), x(2)), r"W_a: .* d \+ b = 9, got \(8, 2\)"),
        (lambda x: location(x(3, 5), x(5, 0)), r"W_a: .* at least one key, got \(5, 0\)"),
        (lambda x: cosine(x(3, 5), x(7)), r"k: expected the shape \(\.\.\., m, d\), got \(7,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(lambda *shape: np.ones(shape))
