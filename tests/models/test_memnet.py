import math
from functools import partial

import numpy as np
import pytest

from attn.models.memnet import (
    Tables,
    adjacent,
    adjacent_backward,
    answer,
    init,
    init_layerwise,
    layerwise,
    loss_and_grads,
    loss_and_grads_layerwise,
    random_noise,
    soft,
    without_softmax,
)
from attn.ops.bags import bag, centered_position_encoding, filled, position_encoding
from attn.tools.gradcheck import gradcheck_params

WORDS, TIMES, D, HOPS = 9, 7, 5, 3
ENCODINGS = [bag, position_encoding, centered_position_encoding]
BOTH = {
    "adjacent": (partial(init, hops=HOPS), loss_and_grads),
    "layerwise": (init_layerwise, partial(loss_and_grads_layerwise, hops=HOPS)),
}
tied = pytest.mark.parametrize(("start", "f"), BOTH.values(), ids=BOTH)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, start=BOTH["adjacent"][0], dtype=np.float64):
    return start(rng, WORDS, TIMES, embed=D, sd=0.3, dtype=dtype)


def stories(rng, empty=0):
    """Three stories of 4, 2 and 1 facts, with so many empty slots more."""
    x, q = rng.integers(1, WORDS, (3, 4, 4)), rng.integers(1, WORDS, (3, 3))
    x[1, 2:], x[2, 1:], x[0, 1, 2:], q[2, 2:] = 0, 0, 0, 0
    y = rng.integers(1, WORDS, 3)
    return np.pad(x, ((0, 0), (0, empty), (0, 0))), q, y


def l_kj(j, J, k, d):
    return (1 - j / J) - (k / d) * (1 - 2 * j / J)


def vector(words, E, ordered):
    """One sentence as the paper's sum."""
    words = [w for w in words if w]
    total = np.zeros(E.shape[1])
    for j, word in enumerate(words, 1):
        for k in range(E.shape[1]):
            total[k] += (l_kj(j, len(words), k + 1, E.shape[1]) if ordered else 1) * E[word, k]
    return total


def untied(p, hops):
    """B, W, H and the A, C, T_A, T_C of every hop, by the two rules of the paper."""
    if "H" in p:
        return p["B"], p["W"], p["H"], [(p["A"], p["C"], p["T_A"], p["T_C"])] * hops
    A, T_A = [p["A"], *p["C"][:-1]], [p["T_A"], *p["T_C"][:-1]]
    return p["A"], p["C"][-1].T, np.eye(D), list(zip(A, p["C"], T_A, p["T_C"], strict=True))


def oracle(p, x, q, ordered=True, softmax=True):
    """One story: the equations of the paper, in plain loops; logits and weights."""
    B, W, H, tables = untied(p, HOPS)
    facts = [fact for fact in x if any(fact)]
    u, weights = vector(q, B, ordered), []
    for A, C, T_A, T_C in tables:
        m = [vector(fact, A, ordered) + T_A[i] for i, fact in enumerate(facts)]
        c = [vector(fact, C, ordered) + T_C[i] for i, fact in enumerate(facts)]
        e = [float(u @ m_i) for m_i in m]
        z = [math.exp(e_i) for e_i in e]
        w = [z_i / sum(z) for z_i in z] if softmax else e
        u = u @ H + sum(w_i * c_i for w_i, c_i in zip(w, c, strict=True))
        weights.append(w)
    return u @ W, weights


def expected_loss(p, batch, **how):
    losses = []
    for x, q, y in zip(*batch, strict=True):
        logits, _ = oracle(p, x, q, **how)
        losses.append(math.log(sum(math.exp(a) for a in logits)) - logits[y])
    return sum(losses) / len(losses)


@tied
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("softmax", [False, True])
def test_the_loss_is_the_papers_sum(rng, start, f, ordered, softmax):
    p, batch = parameters(rng, start), stories(rng, empty=1)
    loss, _ = f(
        p,
        batch,
        encoding=position_encoding if ordered else bag,
        looking=soft if softmax else without_softmax,
    )
    assert loss == pytest.approx(expected_loss(p, batch, ordered=ordered, softmax=softmax))


@tied
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("looking", [soft, without_softmax])
def test_gradcheck_memn2n(rng, start, f, encoding, looking):
    p = parameters(rng, start)
    g = partial(f, encoding=encoding, looking=looking)
    errors = gradcheck_params(g, p, stories(rng, empty=2), rng)
    assert max(errors.values()) < 1e-7, errors


@tied
@pytest.mark.parametrize("looking", [soft, without_softmax])
def test_gradcheck_memn2n_at_one_fact_at_none_and_at_ties(rng, start, f, looking):
    p, (x, q, y) = parameters(rng, start), stories(rng)
    p = {key: 0.7 * value for key, value in p.items()}  # without a softmax, logits grow fast
    tie = np.broadcast_to(x[:, :1], x.shape)
    for told in (x[:, :1], np.where(np.arange(3)[:, None, None] == 1, 0, x), tie):
        errors = gradcheck_params(partial(f, looking=looking), p, (told, q, y), rng)
        assert max(errors.values()) < 1e-7, errors


def test_every_hop_is_a_distribution_over_the_facts(rng):
    p, (x, q, _) = parameters(rng), stories(rng, empty=2)
    _, trace = answer(adjacent(p), x, q, position_encoding, soft)
    assert len(trace.p) == HOPS
    for k, weights in enumerate(trace.p):
        assert (weights[~filled(x)] == 0).all()
        assert weights.sum(axis=-1) == pytest.approx(np.ones(3))
        for b in range(3):
            expected = oracle(p, x[b], q[b])[1][k]
            assert weights[b, : len(expected)] == pytest.approx(expected)


def test_memn2n_adjacent_tying(rng):
    p = parameters(rng)
    tables = adjacent(p)
    for k, (searched, handed) in enumerate(tables.hops):
        assert np.array_equal(tables.E[handed], p["C"][k])
        assert np.array_equal(tables.E[searched], p["A"] if k == 0 else p["C"][k - 1])
        assert np.array_equal(tables.T[handed], p["T_C"][k])
        assert np.array_equal(tables.T[searched], p["T_A"] if k == 0 else p["T_C"][k - 1])
    assert np.array_equal(tables.B, p["A"])
    assert np.array_equal(tables.W, p["C"][-1].T)
    assert tables.H is None


def test_a_missing_gradient_of_the_answer_spoils_the_last_table_alone(rng):
    p = parameters(rng)
    tables = Tables(*(np.ones_like(x) for x in adjacent(p)[:4]), None, [])
    tables.W[0, 0] = np.nan
    grads = adjacent_backward(tables)
    assert not np.isnan(grads["C"][:-1]).any()
    assert np.isnan(grads["C"][-1]).sum() == 1


@pytest.mark.parametrize("f", [init, init_layerwise])
def test_a_network_without_hops_is_refused(rng, f):
    with pytest.raises(ValueError, match="hops: expected a whole number of at least 1, got 0"):
        init(rng, WORDS, TIMES, hops=0) if f is init else layerwise(parameters(rng, f), 0)


def test_layerwise_tying_uses_the_same_two_tables_in_every_hop(rng):
    p = parameters(rng, init_layerwise)
    tables = layerwise(p, 4)
    assert tables.hops == [(0, 1)] * 4
    assert np.array_equal(tables.E, [p["A"], p["C"]])
    assert tables.H is p["H"]


def test_one_hop_is_the_same_in_both_tyings_if_the_tables_are(rng):
    p, batch = parameters(rng, partial(init, hops=1)), stories(rng)
    same = {**{k: p[k] for k in ("A", "T_A")}, "B": p["A"], "H": np.eye(D)}
    same |= {"C": p["C"][0], "T_C": p["T_C"][0], "W": p["C"][0].T}
    loss, grads = loss_and_grads(p, batch)
    loss_layerwise, grads_layerwise = loss_and_grads_layerwise(same, batch, hops=1)
    assert loss == pytest.approx(loss_layerwise)
    assert grads["A"] == pytest.approx(grads_layerwise["A"] + grads_layerwise["B"])
    assert grads["C"][0] == pytest.approx(grads_layerwise["C"] + grads_layerwise["W"].T)


@tied
def test_pad_rows_change_nothing(rng, start, f):
    p = parameters(rng, start)
    batch = stories(np.random.default_rng(1))
    longer = stories(np.random.default_rng(1), empty=3)
    for looking in (soft, without_softmax):
        (loss, grads), (loss_longer, grads_longer) = (
            f(p, b, looking=looking) for b in (batch, longer)
        )
        assert loss == pytest.approx(loss_longer, rel=1e-12)
        for key, grad in grads.items():
            assert grads_longer[key] == pytest.approx(grad, rel=1e-9, abs=1e-12)


def test_pad_value_irrelevant(rng):
    p, batch = parameters(rng), stories(rng, empty=1)
    x, q, _ = batch
    other = {**p, "A": np.where(np.arange(WORDS)[:, None] == 0, 9.0, p["A"])}
    logits, _ = answer(adjacent(p), x, q, position_encoding, soft)
    changed, _ = answer(adjacent(other), x, q, position_encoding, soft)
    assert np.array_equal(logits, changed)


def test_without_times_the_order_of_the_facts_does_not_matter(rng):
    p, (x, q, y) = parameters(rng), stories(rng)
    still = {**p, "T_A": 0 * p["T_A"], "T_C": 0 * p["T_C"]}
    x, q, y = x[:1], q[:1], y[:1]
    moved = x[:, [2, 0, 3, 1]]
    assert loss_and_grads(still, (x, q, y))[0] == pytest.approx(
        loss_and_grads(still, (moved, q, y))[0]
    )
    assert abs(loss_and_grads(p, (x, q, y))[0] - loss_and_grads(p, (moved, q, y))[0]) > 1e-3


def test_the_time_of_a_fact_is_its_distance_from_the_question(rng):
    p, (x, q, _) = parameters(rng), stories(rng)
    _, trace = answer(adjacent(p), x, q, bag, soft)
    for t, (E, T) in enumerate([("A", "T_A"), ("C", "T_C")]):
        table, times = (p[E], p[T]) if t == 0 else (p[E][0], p[T][0])
        for i in range(4):
            assert trace.memory.m[t, 0, i] == pytest.approx(
                table[x[0, i][x[0, i] > 0]].sum(0) + times[i]
            )


def test_linear_start_is_linear_but_for_the_answer(rng):
    # without the softmax the logits are a polynomial of the tables: doubled, one hop grows by 2**4
    p, (x, q, _) = parameters(rng, partial(init, hops=1)), stories(rng)
    p = {key: 0 * value if key.startswith("T") else value for key, value in p.items()}

    def hop_alone(scale, looking):
        tables = adjacent({k: scale * v for k, v in p.items()})
        logits, trace = answer(tables, x, q, bag, looking)
        return logits - trace.u[0] @ tables.W

    assert hop_alone(2, without_softmax) == pytest.approx(2**4 * hop_alone(1, without_softmax))
    assert np.abs(hop_alone(2, soft) - 2**4 * hop_alone(1, soft)).max() > 0.1


def test_random_noise_puts_up_to_a_tenth_of_empty_slots_between(rng):
    x = np.pad(rng.integers(1, WORDS, (500, 12, 4)), ((0, 0), (0, 2), (0, 0)))
    x[250:, 5:] = 0
    noisy, empty = random_noise(rng, x), []
    for before, after in zip(x, noisy, strict=True):
        assert np.array_equal(after[after.any(axis=-1)], before[before.any(axis=-1)])
        told = before.any(axis=-1).sum()
        empty.append(np.flatnonzero(after.any(axis=-1))[-1] + 1 - told)
        assert 0 <= empty[-1] <= math.ceil(0.1 * told)
    assert set(empty[:250]) == {0, 1, 2}
    assert set(empty[250:]) == {0, 1}
    assert (noisy[:, 0].any(axis=-1)).mean() < 1  # some come after the last fact


@tied
def test_float32_stays_float32(rng, start, f):
    p, batch = parameters(rng, start), stories(rng)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    (loss, grads), (loss32, grads32) = f(p, batch), f(p32, batch)
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        assert grads32[key] == pytest.approx(grad, rel=1e-3, abs=1e-5), key


@tied
def test_inputs_are_not_written(rng, start, f):
    p, batch = parameters(rng, start), stories(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    f(p, batch)
    random_noise(rng, batch[0])


def test_words_outside_the_vocabulary_and_stories_that_are_too_long_are_refused(rng):
    p, (x, q, y) = parameters(rng), stories(rng)
    with pytest.raises(ValueError, match="x: expected 0 to 8, got"):
        loss_and_grads(p, (x + WORDS, q, y))
    with pytest.raises(ValueError, match="x: expected 0 to 8, got"):
        loss_and_grads(p, (x, q + WORDS, y))
    with pytest.raises(ValueError, match="y: expected 0 to 8, got"):
        loss_and_grads(p, (x, q, y + WORDS))
    with pytest.raises(ValueError, match=r"y: expected the shape \(3,\), got \(2,\)"):
        loss_and_grads(p, (x, q, y[:2]))
    with pytest.raises(ValueError, match="x: expected at most 7 facts, got 8"):
        loss_and_grads(p, (np.repeat(x, 2, axis=1), q, y))
