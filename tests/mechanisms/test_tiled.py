import math
import threading
import tracemalloc
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn.mechanisms import attention as plain
from attn.mechanisms import tiled
from attn.mechanisms.tiled import (
    Trace,
    attention,
    attention_backward,
    attention_with_trace,
    attention_with_trace_backward,
)
from attn.ops import cores
from attn.ops.masks import causal, padding, window
from attn.tools.gradcheck import gradcheck

MEGABYTE = 10**6


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def draw(rng, lead=(2,), n=37, m=53, d=5, p=7, dtype=np.float64, loud=1.0):
    """Queries, keys, values and a gradient of the context; `loud` makes the scores large."""
    q, k = (loud * rng.standard_normal((*lead, length, d)) for length in (n, m))
    v, dc = (rng.standard_normal((*lead, length, p)) for length in (m, n))
    return [x.astype(dtype) for x in (q, k, v, dc)]


def tiles(queries, keys, few=1, worth=1):
    """Tiles so small that short sequences have many."""
    sizes = {"QUERIES": queries, "KEYS": keys}
    return mock.patch.multiple(tiled, **sizes, SCORES=few, WORTH_A_THREAD=worth)


def both_masks(mask, is_causal, n, m):
    if not is_causal:
        return mask
    return causal(n, m) if mask is None else mask & causal(n, m)


def plainly(q, k, v, dc, mask):
    """Context and gradients of the plain form, the oracle."""
    c, alpha = plain.attention(q, k, v, mask)
    return c, *plain.attention_backward(dc, q, k, v, alpha)


def in_tiles(q, k, v, dc, mask=None, is_causal=False):
    c, trace = attention_with_trace(q, k, v, mask, is_causal)
    return c, *attention_with_trace_backward(dc, q, k, v, trace, mask, is_causal)


def assert_same(got, expected, q, k, v, dc, mask=None):
    """Equal but for rounding.

    A weight is off by as much as its score, and a sum by as much as the sum of its terms would be
    if none canceled the others.
    """
    eps, tiny = np.finfo(q.dtype).eps, np.finfo(q.dtype).tiny
    exact = [x.astype(float) for x in (q, k, v)]
    c, alpha = plain.attention(*exact, mask)
    q, k, v, dc, c = (np.abs(x) for x in (*exact, dc.astype(float), c))
    largest = (q @ k.mT).max(initial=0) / math.sqrt(q.shape[-1])
    de = alpha * (dc @ v.mT + (dc * c).sum(axis=-1, keepdims=True)) / math.sqrt(q.shape[-1])
    sums = alpha @ v, de @ k, de.mT @ q, alpha.mT @ dc
    for a, b, size in zip(got, expected, sums, strict=True):
        assert a.dtype == b.dtype
        allowed = 4 * eps * (8 + largest + k.shape[-2]) * size
        assert (np.abs(a - b) <= allowed + tiny * size.max(initial=1)).all()


LENGTHS = st.integers(1, 23)
MASKS = {
    "none": lambda rng, lead, n, m: None,
    "full": lambda rng, lead, n, m: rng.random((*lead, n, m)) < 0.5,
    "shared": lambda rng, lead, n, m: rng.random((n, m)) < 0.5,
    "padding": lambda rng, lead, n, m: padding(rng.integers(0, m + 1, lead), m),
    "keys": lambda rng, lead, n, m: rng.random(m) < 0.5,
    "nothing": lambda rng, lead, n, m: np.zeros((n, 1), bool),
}


@given(
    lead=st.sampled_from([(), (1,), (3,), (2, 3)]),
    lengths=st.tuples(LENGTHS, LENGTHS, st.integers(1, 9), st.integers(1, 9)),
    sizes=st.tuples(*[st.integers(1, 9)] * 2, *[st.sampled_from([1, 64, 2**16])] * 2),
    mask=st.sampled_from(sorted(MASKS)),
    is_causal=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    loud=st.sampled_from([0.1, 1.0, 30.0, 1000.0]),
    base=st.sampled_from([tiled.E, tiled.TWO]),
    seed=st.integers(0, 2**32),
)
def test_tiled_is_plain(lead, lengths, sizes, mask, is_causal, dtype, loud, base, seed):
    rng, (n, m, d, p) = np.random.default_rng(seed), lengths
    if dtype == np.float32:
        loud = min(loud, 30.0)  # beyond, a score's own rounding moves its weight by as much as 1
    args = draw(rng, lead, n, m, d, p, dtype, loud)
    mask = MASKS[mask](rng, lead, n, m)
    with tiles(*sizes), mock.patch.object(tiled, "BASE", base):
        got = in_tiles(*args, mask, is_causal)
    mask = both_masks(mask, is_causal, n, m)
    assert_same(got, plainly(*args, mask), *args, mask)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (128, 128), (300, 1100), (1000, 257)])
def test_tiled_is_plain_in_tiles_of_the_usual_size(rng, n, m, is_causal, dtype):
    args = draw(rng, (3,), n, m, 8, 9, dtype)
    mask = causal(n, m) if is_causal else None
    expected = plainly(*args, mask)
    assert_same(in_tiles(*args, is_causal=is_causal), expected, *args, mask)
    for i, x in enumerate(expected):  # what is compared can fail, whatever the size
        if (x != 0).any():
            with pytest.raises(AssertionError):
                assert_same(
                    [*expected[:i], x + x.std() / 10, *expected[i + 1 :]], expected, *args, mask
                )


def by_hand(q, k, v):
    """The paper's sum, for one query at a time."""
    for q_i in q:
        w = [math.exp(q_i @ k_j / math.sqrt(len(q_i))) for k_j in k]
        yield sum(w_j * v_j for w_j, v_j in zip(w, v, strict=True)) / sum(w)


def test_tiled_attention_is_the_sum_in_the_paper(rng):
    q, k, v, _ = draw(rng, ())
    with tiles(4, 5):
        assert attention(q, k, v) == pytest.approx(np.stack(list(by_hand(q, k, v))))


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_online_softmax_equals_naive(rng, order):
    e = np.linspace(-600, 600, 60)
    e = {"rising": e, "falling": -e, "shuffled": rng.permutation(e)}[order]
    q, k, v = np.full((1, 1), 9.0), e[:, None] / 9, rng.standard_normal((60, 3))
    w = np.exp(e)  # in float64 these do not overflow yet
    with tiles(1, 7):
        c, trace = attention_with_trace(q, k, v)
    assert c[0] == pytest.approx(w @ v / w.sum())
    assert trace.peak == pytest.approx(600)  # and not 0: it was the online form
    assert trace.total == pytest.approx(w.sum() / np.exp(600))


@pytest.mark.parametrize("loud", [1.0, 30.0])
@pytest.mark.parametrize("is_causal", [False, True])
def test_flash_block_size_irrelevant(rng, loud, is_causal):
    args = draw(rng, loud=loud)
    whole = in_tiles(*args, is_causal=is_causal)
    for sizes in [(1, 1), (7, 5), (5, 7), (64, 8), (8, 64), (37, 53)]:
        with tiles(*sizes):
            mask = causal(37, 53) if is_causal else None
            assert_same(in_tiles(*args, is_causal=is_causal), whole, *args, mask)


def test_a_short_batch_shares_its_tiles(rng):
    args = draw(rng, (5, 3), 4, 6)
    with tiles(8, 8, few=7 * 24):
        assert [h for h, _ in tiled._tiles_of_queries(tiled._job(*args[:3], None, False))] == [
            slice(0, 7),
            slice(7, 14),
            slice(14, 15),
        ]
        assert_same(in_tiles(*args), plainly(*args, None), *args)


@pytest.mark.parametrize("loud", [1.0, 30.0])
def test_all_masked_row_is_zero(rng, loud):
    args = draw(rng, (2,), 5, 5, loud=loud)
    with tiles(2, 2):
        c, dq, dk, dv = in_tiles(*args, padding(np.array([5, 0]), 5))
    assert all((x[1] == 0).all() for x in (c, dq, dk, dv))
    assert all((x[0] != 0).any() for x in (c, dq, dk, dv))


def test_queries_before_the_first_key_see_nothing(rng):
    args = draw(rng, (), 9, 4)
    with tiles(2, 2):
        c, dq, *_ = in_tiles(*args, is_causal=True)
    assert (c[:5] == 0).all()
    assert (dq[:5] == 0).all()
    assert (c[5:] != 0).all()


def test_one_key_is_returned_as_it_is(rng):
    q, k, v, _ = draw(rng, m=1)
    assert attention(q, k, v) == pytest.approx(np.broadcast_to(v, (2, 37, 7)), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores_pick_their_key(rng, dtype):
    _, k, v, dc = draw(rng, d=50, n=53, dtype=dtype)
    k = k / np.linalg.norm(k, axis=-1, keepdims=True)
    with tiles(7, 5):
        c, *grads = in_tiles(1e6 * k, k, v, dc)
    assert np.array_equal(c, v)
    assert all(np.isfinite(g).all() for g in grads)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32))
def test_what_is_not_finite_goes_where_it_goes_in_the_plain_form(is_causal, dtype, seed):
    rng = np.random.default_rng(seed)
    *args, _ = draw(rng, (2,), 9, 11, 2, 3, dtype)
    for x in args:
        cells = rng.random(x.shape) < 0.03
        x[cells] = rng.choice([np.nan, np.inf, -np.inf, 1e30, 0.0], cells.sum())
    mask = rng.random((9, 11)) < 0.5
    with np.errstate(all="ignore"):
        expected = plain.attention(*args, both_masks(mask, is_causal, 9, 11))[0]
    with tiles(4, 3):
        got = attention(*args, mask, is_causal)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32))
def test_what_is_no_number_goes_back_where_it_goes_in_the_plain_form(is_causal, dtype, seed):
    rng = np.random.default_rng(seed)
    args = draw(rng, (2,), 9, 11, 2, 3, dtype)
    for x in args:
        x[rng.random(x.shape) < 0.02] = np.nan
    mask = rng.random((9, 11)) < 0.5
    expected = plainly(*args, both_masks(mask, is_causal, 9, 11))
    with tiles(4, 3):
        got = in_tiles(*args, mask, is_causal)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1e-34, 1e-29, 1e30])
@pytest.mark.parametrize("loud", [1, 2.1, 30])
def test_gradients_as_large_or_small_as_float32_allows(rng, loud, size):
    q, k, v, dc = draw(rng, (2,), 9, 300, 2, 3, np.float32, loud)
    args = q, k, v, (size * dc).astype(np.float32)
    with tiles(4, 30):
        assert_same(in_tiles(*args), plainly(*args, None), *args)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_weight_is_subnormal(dtype):
    info = np.finfo(dtype)
    e = np.linspace(2 * np.log(info.tiny), 0, 10_001, dtype=dtype)
    w = tiled._exp_below(e.copy(), np.zeros_like(e))
    assert not ((w > 0) & (w < info.tiny)).any()
    np.testing.assert_allclose(w, np.exp(e), rtol=info.eps, atol=8 * info.tiny)
    assert w[0] == 0  # and not the least that a number can be


def test_other_precisions_and_no_features_are_refused(rng):
    q, k, v, _ = draw(rng)
    with pytest.raises(ValueError, match="q, k, v: expected float32 or float64, got float16"):
        attention(*(x.astype(np.float16) for x in (q, k, v)))
    with pytest.raises(ValueError, match="q, k, v: expected float32 or float64, got"):
        attention(*(x.astype(np.longdouble) for x in (q, k, v)))
    with pytest.raises(ValueError, match=r"q: expected at least one feature, got \(2, 37, 0\)"):
        attention(q[..., :0], k[..., :0], v)
    assert attention(q, k, v[..., :0]).shape == (2, 37, 0)


def test_a_gradient_with_other_leading_axes_is_refused(rng):
    q, k, v, dc = draw(rng, (2, 3))
    _, trace = attention_with_trace(q, k, v)
    with pytest.raises(ValueError, match="dc"):
        attention_with_trace_backward(dc.swapaxes(0, 1), q, k, v, trace)


@pytest.mark.parametrize("part", Trace._fields)
def test_a_trace_with_other_leading_axes_is_refused(rng, part):
    q, k, v, dc = draw(rng, (2, 3))
    _, trace = attention_with_trace(q, k, v)
    swapped = trace._replace(**{part: getattr(trace, part).swapaxes(0, 1)})
    with pytest.raises(ValueError, match=part):
        attention_with_trace_backward(dc, q, k, v, swapped)


def test_an_infinite_query_score_picks_its_key(rng):
    v = rng.standard_normal((2, 5, 4))
    q, k = np.full((2, 5, 1), np.inf), np.full((2, 5, 1), -1.0)
    k[:, 2] = 1
    with tiles(2, 2):
        c = attention(q, k, v)
    assert np.array_equal(c, np.broadcast_to(v[:, 2:3], c.shape))


def test_nan_in_a_query_reaches_its_own_row_alone(rng):
    q, k, v, _ = draw(rng)
    q[0, 11] = np.nan
    touched = np.zeros((2, 37), bool)
    touched[0, 11] = True
    with tiles(4, 5):
        assert np.array_equal(np.isnan(attention(q, k, v)).any(axis=-1), touched)


def test_nan_in_the_future_does_not_reach_the_past(rng):
    q, k, v, dc = draw(rng, (), 20, 20)
    k[13, 0] = v[13, 0] = np.nan
    with tiles(4, 5):
        c, trace = attention_with_trace(q, k, v, causal=True)
        dc[13:] = 0
        dq, *_ = attention_with_trace_backward(dc, q, k, v, trace, causal=True)
    assert np.isnan(c).any(axis=-1).tolist() == [False] * 13 + [True] * 7
    assert np.isfinite(dq[:13]).all()


@pytest.mark.parametrize("pad", [0.0, 1e30, np.inf, np.nan])
def test_pad_value_irrelevant(rng, pad):
    args = draw(rng, (2,), 5, 5)
    mask = padding(np.array([3, 4]), 5)
    with tiles(2, 2):
        expected = in_tiles(*args, mask)
    hidden = ~np.broadcast_to(mask.mT, (2, 5, 1))
    for x in args[1:3]:
        x[np.broadcast_to(hidden, x.shape)] = pad
    with tiles(2, 2):
        got = in_tiles(*args, mask)
    assert all(np.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(got, expected, strict=True))


def test_future_token_cannot_leak(rng):
    q, k, v, _ = draw(rng, (), 20, 20)
    with tiles(4, 5):
        c, trace = attention_with_trace(q, k, v, causal=True)
        for i in range(20):
            dc = np.zeros((20, 7))
            dc[i] = 1
            dq, dk, dv = attention_with_trace_backward(dc, q, k, v, trace, causal=True)
            assert (dk[i + 1 :] == 0).all()
            assert (dv[i + 1 :] == 0).all()
            assert (np.delete(dq, i, axis=0) == 0).all()
        for t in (19, 11, 5, 1):
            k[t:], v[t:] = rng.standard_normal((2, 1, 1))
            assert np.array_equal(attention(q, k, v, causal=True)[:t], c[:t])


CASES = ["generic", "one key", "ties", "masked", "all masked", "causal", "large scores"]


@pytest.mark.parametrize("base", [tiled.E, tiled.TWO])
@pytest.mark.parametrize("calm", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_gradcheck_tiled(rng, case, calm, base):
    n, m = 6, 1 if case == "one key" else 8
    q, k, v, _ = draw(rng, (2,), n, m, 7, 4, loud=5.0 if case == "large scores" else 1.0)
    k = np.ones_like(k) if case == "ties" else k
    mask = {"masked": rng.random((2, n, m)) < 0.5, "all masked": np.zeros(m, bool)}.get(case)

    def f_backward(dc, *args):
        trace = attention_with_trace(*args)[1]
        return attention_with_trace_backward(dc, *args[:3], trace, *args[3:])

    args = q, k, v, mask, case == "causal"
    as_asked = mock.patch.multiple(tiled, BASE=base, _calm=lambda *_: calm)
    with tiles(4, 3), as_asked:
        assert gradcheck(attention, f_backward, args, rng) < 1e-7
        assert gradcheck(attention, attention_backward, args, rng) < 1e-7


def test_the_result_is_as_exact_as_that_of_the_plain_form():
    ratios = []
    for seed in range(8):
        exact = draw(np.random.default_rng(seed), (2,), 600, 700, 64, 64, np.float32)
        truth = plainly(*[x.astype(float) for x in exact], None)
        mine, theirs = (
            [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(found, truth, strict=True)]
            for found in (in_tiles(*exact), plainly(*exact, None))
        )
        ratios.append(np.divide(mine, theirs))
    context, *gradients = np.mean(ratios, axis=0)
    assert context <= 1
    assert max(gradients) < 1.08


# Work and memory.


def test_tiles_that_are_hidden_are_skipped(rng):
    q, k, v, _ = draw(rng, (), 64, 64)
    done = []

    def counted(*args):
        done[-1] += args[0].shape[1] * args[1].shape[2]
        return product(*args)

    product = tiled._product
    hidden = (8, {"mask": window(64, 8)}), (16, {"causal": True}), (8, {})  # causal: half as many
    for keys, arguments in hidden:
        with tiles(8, keys), mock.patch.object(tiled, "_product", counted):
            done.append(0)
            attention(q, k, v, **arguments)
    near, past, everything = done
    assert near == 22 / 64 * everything  # of eight tiles in a row two or three
    assert past == 36 / 64 * everything  # the diagonal and what is below


def threads_of_blas():
    return {library["num_threads"] for library in cores.BLAS.info()}


@contextmanager
def blas_with_two_threads():
    """Gives the list of how many it had, product by product."""
    seen = []

    def noted(*args):
        seen.append(threads_of_blas())
        return product(*args)

    product = tiled._product
    with cores.BLAS.limit(limits=2), mock.patch.object(tiled, "_product", noted):
        yield seen
        assert threads_of_blas() == {2}, "it has them back"


def test_where_all_cores_work_each_product_has_one(rng):
    two_cores = mock.patch.object(cores, "CORES", 2)
    with tiles(4, 5), two_cores, blas_with_two_threads() as seen:
        in_tiles(*draw(rng))
    assert seen
    assert all(threads == {1} for threads in seen)


def test_with_little_work_the_threads_are_left_to_blas(rng):
    with blas_with_two_threads() as seen:
        in_tiles(*draw(rng, (1,), 300, 300, 64, 64, np.float32))
    assert seen
    assert all(threads == {2} for threads in seen)


def test_without_threadpoolctl_blas_alone_uses_the_cores(rng):
    args = draw(rng)
    with (
        tiles(4, 5),
        mock.patch.multiple(cores, BLAS=None, CORES=1),
        mock.patch.object(cores, "_awake", side_effect=AssertionError),
    ):
        assert_same(in_tiles(*args), plainly(*args, None), *args)


def extra_memory(f, *args, **kwargs):
    """The peak of what is allocated, less the results."""
    f(*args, **kwargs)  # what NumPy keeps for small arrays is asked for once
    tracemalloc.start()
    try:
        result = f(*args, **kwargs)
        held, peak = tracemalloc.get_traced_memory()
        del result
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < 0.1 * MEGABYTE, "nothing is left behind"
    return peak - held


def test_memory_grows_linearly_in_n(rng):
    def extra(n):
        args = draw(rng, (), n, n, 4, 4, np.float32)
        return extra_memory(in_tiles, *args)

    two = mock.patch.object(cores, "CORES", 2)  # each has a tile of its own
    with two, mock.patch.object(tiled, "WORTH_A_THREAD", 1):
        small, large = extra(1000), extra(4000)
    assert large - small < 3000 * 100 + 0.2 * MEGABYTE  # a hundred bytes a query more
    assert large < 5 * MEGABYTE  # the scores alone would take 64


def test_at_32768_extra_memory_stays_below_8_megabytes(rng):
    q, k, v, _ = draw(rng, (), 2**15, 2**15, 64, 64, np.float32)
    with mock.patch.object(cores, "CORES", 2):
        assert extra_memory(attention, q, k, v, causal=True) < 8 * MEGABYTE


# Cores.


@pytest.mark.parametrize("loud", [1.0, 30.0])
def test_results_are_the_same_whatever_the_number_of_threads(rng, loud):
    args = draw(rng, (3,), dtype=np.float32, loud=loud)
    found = []
    for number in (1, 2, 3, 8):
        with tiles(4, 5), mock.patch.object(cores, "CORES", number):
            found.append(in_tiles(*args, is_causal=True))
    assert all(np.array_equal(a, b) for f in found[1:] for a, b in zip(f, found[0], strict=True))


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize(("n", "m"), [(20, 20), (20, 40), (41, 20)])
def test_no_two_tiles_of_a_round_add_to_the_same_rows(rng, n, m, is_causal):
    q, k, v, _ = draw(rng, n=n, m=m)
    with tiles(4, 5):
        rounds = list(tiled._rounds(tiled._job(q, k, v, None, is_causal)))
    for tile in rounds:
        for axis in (1, 2):
            touched = [(t[0].start, t[axis].start) for t in tile]
            assert len(set(touched)) == len(touched)
    met = [(h.start, r.start, c.start) for tile in rounds for h, r, c in tile]
    assert len(set(met)) == len(met)
    assert is_causal or len(met) == 2 * len(range(0, n, 4)) * len(range(0, m, 5))


def test_few_queries_meet_many_keys_at_once(rng):
    q, k, v, _ = draw(rng, (2,), 1, 23)
    with tiles(4, 5):
        rounds = list(tiled._rounds(tiled._job(q, k, v, None, False)))
    assert [[(h.start, k.start) for h, _, k in tile] for tile in rounds] == [
        [(0, start), (1, start)] for start in (0, 5, 10, 15, 20)
    ]


def test_all_cores_work(rng):
    args, seen = draw(rng), set()
    together = threading.Barrier(3, timeout=60)

    def noted(*args):
        if threading.current_thread() not in seen:
            seen.add(threading.current_thread())
            together.wait()
        return calm(*args)

    calm = tiled._calm
    with (
        tiles(4, 5),
        mock.patch.object(cores, "CORES", 3),
        mock.patch.object(tiled, "_calm", noted),
    ):
        attention(*args[:3])
    assert len(seen) == 3


@pytest.mark.parametrize(("number", "fails"), [(1, "here"), (3, "here"), (3, "elsewhere")])
def test_an_exception_in_a_tile_reaches_the_caller(rng, number, fails):
    args, calls, caller = draw(rng), [], threading.current_thread()

    def failing(*args):
        calls.append(1)
        here = threading.current_thread() is caller
        if here == (fails == "here"):
            raise MemoryError("no room")
        return calm(*args)

    calm = tiled._calm
    with (
        tiles(1, 1),
        mock.patch.object(cores, "CORES", number),
        mock.patch.object(tiled, "_calm", failing),
        pytest.raises(MemoryError, match="no room"),
    ):
        attention(*args[:3])
    assert len(calls) < 2 * 37, "the tiles that are left are not begun"


@pytest.mark.parametrize(("lead", "n", "d", "rooms"), [((24,), 128, 8, 1), ((8,), 600, 64, 3)])
def test_no_thread_works_where_there_is_little_to_do(rng, lead, n, d, rooms):
    q, k, v, _ = draw(rng, lead, n, n, d, d, np.float32)
    with mock.patch.object(cores, "CORES", 3):
        assert len(tiled._rooms(tiled._job(q, k, v, None, False))) == rooms


# What a caller may give.


def test_any_layout_of_the_inputs_will_do(rng):
    args = draw(rng, (2,), 20, 20)
    turned = [np.asfortranarray(x) for x in args]
    every_second = [np.repeat(x, 2, axis=-2)[:, ::2] for x in args]
    for others in (turned, every_second):
        with tiles(4, 5):
            assert_same(in_tiles(*others), in_tiles(*args), *args)


def test_no_queries_give_no_rows(rng):
    q, k, v, dc = draw(rng, (2, 0), 3)
    assert attention(q, k, v).shape == (2, 0, 3, 7)
    q, k, v, dc = draw(rng, (2,), 0)
    c, dq, dk, _ = in_tiles(q, k, v, dc)
    assert (c.shape, dq.shape) == ((2, 0, 7), (2, 0, 5))
    assert (dk == 0).all()


def test_inputs_are_not_written(rng):
    args = draw(rng)
    before = [x.copy() for x in args]
    in_tiles(*args, is_causal=True)
    assert all(np.array_equal(x, y) for x, y in zip(args, before, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q": np.ones((2, 5, 4))}, r"k: .* with d = 4, got \(2, 5, 3\)"),
        ({"q": np.ones((5, 3))}, r"k: .* with \.\.\. = \(\), got \(2, 5, 3\)"),
        ({"v": np.ones((2, 6, 4))}, r"v: .* with m = 5, got \(2, 6, 4\)"),
        ({"k": np.ones((2, 0, 3)), "v": np.ones((2, 0, 4))}, "k: .* at least one key"),
        ({"v": np.ones((2, 5, 4), int)}, "v: expected an array of floats, got int64"),
        ({"mask": np.ones((5, 5))}, "mask: expected booleans, True = may attend, got float64"),
        ({"mask": np.ones((4, 5), bool)}, r"mask: .* broadcasts to \(2, 5, 5\), got \(4, 5\)"),
    ],
)
def test_bad_input_is_refused_by_name(change, message):
    arguments = {"q": np.ones((2, 5, 3)), "k": np.ones((2, 5, 3)), "v": np.ones((2, 5, 4))}
    with pytest.raises(ValueError, match=message):
        attention(**(arguments | change))
