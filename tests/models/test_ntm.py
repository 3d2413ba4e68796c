import math

import numpy as np
import pytest

from attn.models import ntm
from attn.models.ntm import (
    Told,
    answer,
    hold,
    init,
    init_feedforward,
    loss_and_grads,
    more_rows,
    sizes,
    tell,
    watch,
)
from attn.ops.recurrent import lstm
from attn.tools.gradcheck import gradcheck_params

INPUTS, OUTPUTS, HIDDEN, ROWS, WIDTH, LENGTHS = 3, 4, 5, 7, 2, np.array([6, 4, 1])
BOTH = pytest.mark.parametrize("start", [init, init_feedforward], ids=["lstm", "feedforward"])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, start=init, reads=2, writes=2, moves=3, dtype=np.float64):
    p = start(rng, INPUTS, OUTPUTS, HIDDEN, ROWS, WIDTH, reads, writes, moves, dtype=np.float64)
    return {k: (v + 0.3 * rng.standard_normal(v.shape)).astype(dtype) for k, v in p.items()}


def padded_batch(rng, more=0, dtype=np.float64):
    """Sequences of several lengths; about half of their steps count, and none of the padding."""
    T = LENGTHS.max()
    x, y = rng.standard_normal((3, T, INPUTS)), rng.integers(2, size=(3, T, OUTPUTS))
    mask = (np.arange(T) < LENGTHS[:, None]) & ((rng.random((3, T)) < 0.5) | (np.arange(T) == 0))
    pad = ((0, 0), (0, more), (0, 0))
    return np.pad(x, pad).astype(dtype), np.pad(y, pad).astype(dtype), np.pad(mask, pad[:2])


# The machine as the paper's equations, number by number, for one sequence.


def sigma(x):
    return 1 / (1 + math.exp(-x))


def softmax(e):
    return [math.exp(x) / sum(math.exp(z) for z in e) for x in e]


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def cosine(u, v):
    return dot(u, v) / math.sqrt((dot(u, u) + 1e-6) * (dot(v, v) + 1e-6))


def addressed(k, beta, g, s, gamma, M, w_prev):
    """Eqs. 5 to 9."""
    rows, r = range(len(M)), len(s) // 2
    w_c = softmax([beta * cosine(k, M[i]) for i in rows])
    w_g = [g * w_c[i] + (1 - g) * w_prev[i] for i in rows]
    w_s = [sum(w_g[(i - d) % len(M)] * s[r + d] for d in range(-r, r + 1)) for i in rows]
    return [w_s[i] ** gamma / sum(w_s[j] ** gamma for j in rows) for i in rows]


def steps_of(p, x, reads, writes, moves):
    """What the outputs are made from, and where the heads were, at each step."""
    heads = reads + writes
    M = [list(p["M_0"][i % len(p["M_0"])]) for i in range(ROWS)]
    w = [softmax(row) for row in p["w_0"]]
    r, state = list(p["r_0"].reshape(-1)), [p[key] for key in ("h_0", "c_0") if key in p]
    for x_t in x:
        if state:
            h, c = lstm(np.array([*x_t, *r]), *state, p)
            state = [h, c]
        else:
            h = np.tanh(np.array([*x_t, *r]) @ p["W"] + p["b"])
        o = iter(h @ p["W_h"] + p["b_h"])

        def take(count, each, o=o):
            return [[next(o) for _ in range(each)] for _ in range(count)]

        k, a, e = take(heads, WIDTH), take(writes, WIDTH), take(writes, WIDTH)
        (g,), (beta,), (gamma,), s = *(take(1, heads) for _ in range(3)), take(heads, moves)
        for n in range(heads):
            told = [math.tanh(z) for z in k[n]], math.log(1 + math.exp(beta[n])), sigma(g[n])
            sharp = 1 + math.log(1 + math.exp(gamma[n]))
            w[n] = addressed(*told, softmax(s[n]), sharp, M, w[n])
        M = np.array(M)
        for n in range(writes):  # eq. 3: all heads erase before any adds
            for i, q in np.ndindex(M.shape):
                M[i, q] *= 1 - w[reads + n][i] * sigma(e[n][q])
        for n in range(writes):  # eq. 4
            for i, q in np.ndindex(M.shape):
                M[i, q] += w[reads + n][i] * math.tanh(a[n][q])
        cells = [(n, q) for n in range(reads) for q in range(WIDTH)]
        r = [sum(w[n][i] * M[i, q] for i in range(ROWS)) for n, q in cells]  # eq. 2
        yield [*h, *r], [row.copy() for row in w], M


def expected_loss(p, batch, **sizes):
    x, y, mask = batch
    surprise = []
    for k in range(len(x)):
        for t, (out, _, _) in enumerate(steps_of(p, x[k], **sizes)):
            probability = [sigma(l) for l in np.array(out) @ p["W_y"] + p["b_y"]]
            pairs = zip(probability, y[k, t], strict=True)
            surprise += [-math.log(q if bit else 1 - q) for q, bit in pairs if mask[k, t]]
    return sum(surprise) / len(surprise)


HEADS = pytest.mark.parametrize(
    ("reads", "writes", "moves"), [(1, 1, 3), (2, 2, 3), (1, 3, 5), (3, 1, 1)]
)


@BOTH
@HEADS
def test_the_loss_is_that_of_the_papers_equations(rng, start, reads, writes, moves):
    how = {"reads": reads, "writes": writes, "moves": moves}
    p, batch = parameters(rng, start, **how), padded_batch(rng)
    assert loss_and_grads(p, batch)[0] == pytest.approx(expected_loss(p, batch, **how), rel=1e-9)


def test_what_is_watched_is_what_the_papers_equations_give(rng):
    p, (x, _, _) = parameters(rng), padded_batch(rng)
    w, M = watch(p, x)
    for k in range(3):
        _, heads, memories = zip(*steps_of(p, x[k], 2, 2, 3), strict=True)
        np.testing.assert_allclose(w[k], heads, rtol=1e-9)
        np.testing.assert_allclose(M[k], memories, rtol=1e-9, atol=1e-12)


@BOTH
@HEADS
def test_gradcheck_ntm(rng, start, reads, writes, moves):
    p = parameters(rng, start, reads, writes, moves)
    errors = gradcheck_params(loss_and_grads, p, padded_batch(rng), rng)
    assert max(errors.values()) < 1e-7, errors


@BOTH
def test_gradcheck_ntm_with_rows_that_begin_each_in_its_own_way(rng, start):
    p = parameters(rng, start)
    p["M_0"] = rng.standard_normal((ROWS, WIDTH))
    batch = padded_batch(rng)
    assert loss_and_grads(p, batch)[0] == pytest.approx(
        expected_loss(p, batch, reads=2, writes=2, moves=3), rel=1e-9
    )
    assert max(gradcheck_params(loss_and_grads, p, batch, rng).values()) < 1e-7


@BOTH
def test_gradcheck_ntm_from_a_memory_of_zeros(rng, start):
    p = {**parameters(rng, start), "M_0": np.zeros((1, WIDTH)), "r_0": np.zeros((2, WIDTH))}
    loss, grads = loss_and_grads(p, padded_batch(rng))
    assert np.isfinite(loss)
    assert all(np.isfinite(g).all() for g in grads.values())

    def in_thousandths(scaled, batch):  # nearer to zero than that, the cosine bends
        loss, grads = loss_and_grads({**p, "M_0": scaled["M_0"] / 1000}, batch)
        return loss, {"M_0": grads["M_0"] / 1000}

    errors = gradcheck_params(in_thousandths, {"M_0": p["M_0"]}, padded_batch(rng), rng)
    assert errors["M_0"] < 1e-7


@BOTH
def test_one_step_has_its_gradient(rng, start):
    x, y, mask = (part[:, :1] for part in padded_batch(rng))
    errors = gradcheck_params(loss_and_grads, parameters(rng, start), (x, y, mask), rng)
    assert max(errors.values()) < 1e-7, errors


def test_the_weights_of_every_head_stay_on_the_simplex(rng):
    p, (x, _, _) = parameters(rng), padded_batch(rng)
    w, _ = watch({key: 3 * value for key, value in p.items()}, x)
    assert (w >= 0).all()
    np.testing.assert_allclose(w.sum(axis=-1), 1)


@BOTH
def test_pad_rows_change_nothing(rng, start):
    p = parameters(rng, start)
    batch, longer = (padded_batch(np.random.default_rng(1), more) for more in (0, 3))
    (loss, grads), (loss_longer, grads_longer) = loss_and_grads(p, batch), loss_and_grads(p, longer)
    assert loss == pytest.approx(loss_longer, rel=1e-12)
    for key, grad in grads.items():
        np.testing.assert_allclose(grad, grads_longer[key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_future_input_cannot_leak(rng):
    p, (x, _, _) = parameters(rng), padded_batch(rng)
    changed = x.copy()
    changed[:, 3:] += 1
    before, after = answer(p, x), answer(p, changed)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).all()


def test_a_batch_answers_each_sequence_as_if_alone(rng):
    p, (x, _, _) = parameters(rng), padded_batch(rng)
    together = answer(p, x)
    for k in range(3):
        np.testing.assert_allclose(answer(p, x[k : k + 1])[0], together[k], rtol=1e-9)


# What the heads are told.


def test_what_heads_are_told_keeps_its_range(rng):
    size = sizes(parameters(rng))
    told = tell(50 * rng.standard_normal((9, 4 * (WIDTH + 6) + 4 * WIDTH)), size)
    assert [part.shape[1:] for part in told] == [(4, 2), (4,), (4,), (4, 3), (4,), (2, 2), (2, 2)]
    assert (told.beta >= 0).all()
    assert (told.gamma >= 1).all()
    for part in (told.g, told.s, told.e):
        assert ((part >= 0) & (part <= 1)).all()
    np.testing.assert_allclose(told.s.sum(axis=-1), 1)


def test_a_machine_begins_to_prefer_where_its_heads_were(rng):
    p = init(rng, INPUTS, OUTPUTS)
    told = tell(p["b_h"][None], sizes(p))
    np.testing.assert_allclose(told.g, sigma(-2), rtol=1e-6)
    np.testing.assert_allclose(told.e, 0.5)
    np.testing.assert_allclose(told.s, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "bias", "value"),
    [
        ("g", np.inf, 1),
        ("g", -np.inf, 0),
        ("gamma", -np.inf, 1),
        ("s", [-np.inf, 0, -np.inf], [0, 1, 0]),
    ],
)
def test_what_is_held_at_infinity_is_never_learned(rng, name, bias, value):
    p, batch = hold(parameters(rng), **{name: bias}), padded_batch(rng)
    part = ntm._parts(sizes(p))[name]
    told = tell(rng.standard_normal((9, 1)) + p["b_h"], sizes(p))
    assert (getattr(told, name) == value).all()
    grads = loss_and_grads(p, batch)[1]
    assert all(np.isfinite(g).all() for g in grads.values())
    assert not grads["b_h"][part].any()
    assert not grads["W_h"][:, part].any()
    finite = {key: value for key, value in p.items() if key != "b_h"}

    def others(finite, batch):
        loss, grads = loss_and_grads({**p, **finite}, batch)
        return loss, {key: grads[key] for key in finite}

    assert max(gradcheck_params(others, finite, batch, rng).values()) < 1e-7


def test_location_alone_never_looks_at_the_memory(rng):
    p, (x, _, _) = parameters(rng), padded_batch(rng)
    p = hold({**p, "W": p["W"] * (np.arange(len(p["W"])) < INPUTS)[:, None]}, g=-np.inf)
    w, M = watch(p, x)
    w_other, M_other = watch({**p, "M_0": p["M_0"] + 1}, x)
    np.testing.assert_array_equal(w, w_other)
    assert (M_other != M).any()


def test_a_part_that_is_not_told_cannot_be_held(rng):
    with pytest.raises(ValueError, match="biases: expected k, a, e, g, beta, gamma, s, got w"):
        hold(parameters(rng), w=0.0)


@pytest.mark.parametrize("beta", [[1.0, 2.0, 3.0], []])
def test_numbers_that_do_not_fit_the_heads_are_refused(rng, beta):
    with pytest.raises(
        ValueError, match=rf"beta: expected a divisor of 4 numbers, got {len(beta)}"
    ):
        hold(parameters(rng), beta=beta)


# More rows.


def test_rows_that_no_head_reaches_change_nothing(rng):
    p, batch = hold(parameters(rng), g=-np.inf, s=[-np.inf, 0, -np.inf]), padded_batch(rng)
    longer = more_rows(p, 2 * ROWS)
    assert sizes(longer).rows == 2 * ROWS
    np.testing.assert_allclose(answer(longer, batch[0]), answer(p, batch[0]), rtol=1e-12)
    assert loss_and_grads(longer, batch)[0] == pytest.approx(loss_and_grads(p, batch)[0])


def test_rows_are_never_taken_away_nor_guessed(rng):
    p = parameters(rng)
    with pytest.raises(ValueError, match="rows: expected a whole number of at least 7, got 6"):
        more_rows(p, ROWS - 1)
    with pytest.raises(ValueError, match="M_0: expected one row that all begin as, got 7"):
        more_rows({**p, "M_0": np.zeros((ROWS, WIDTH))}, 9)


# Precision and input.


@BOTH
def test_float32_stays_float32(rng, start):
    p, batch = parameters(rng, start), padded_batch(rng)
    p32, batch32 = ({k: v.astype(np.float32) for k, v in p.items()}, [*padded_batch(rng)])
    batch32 = [batch[0].astype(np.float32), batch[1].astype(np.float32), batch[2]]
    (loss, grads), (loss32, grads32) = loss_and_grads(p, batch), loss_and_grads(p32, batch32)
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        np.testing.assert_allclose(grads32[key], grad, rtol=1e-3, atol=1e-5, err_msg=key)


@BOTH
def test_inputs_are_not_written(rng, start):
    p, batch = parameters(rng, start), padded_batch(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    loss_and_grads(p, batch)
    watch(hold(more_rows(p, 9), g=0.0), batch[0])


def test_the_sizes_are_those_asked_for(rng):
    p = init(rng, 9, 8, hidden=10, rows=11, width=12, reads=3, writes=2, moves=5)
    assert sizes(p) == (9, 8, 10, 11, 12, 3, 2, 5)
    assert set(p) - set(init_feedforward(rng, 9, 8)) == {"U", "h_0", "c_0"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, mask: (x[..., 1:], y, mask), r"x: .* with i = 3, got \(3, 6, 2\)"),
        (lambda x, y, mask: (x, y[..., 1:], mask), r"y: .* with o = 4, got \(3, 6, 3\)"),
        (lambda x, y, mask: (x, y[:, 1:], mask), r"y: .* with T = 6, got \(3, 5, 4\)"),
        (lambda x, y, mask: (x, y.astype(int), mask), "y: expected an array of floats, got int64"),
        (lambda x, y, mask: (x, y, mask.astype(float)), "mask: expected booleans"),
        (lambda x, y, mask: (x, y, mask[:, 1:]), r"mask: .* broadcasts to \(3, 6\), got \(3, 5\)"),
        (lambda *batch: (part[:, :0] for part in batch), r"x\.shape\[1\]: .* of at least 1, got 0"),
    ],
)
def test_batches_that_do_not_fit_are_refused_by_name(rng, change, message):
    with pytest.raises(ValueError, match=message):
        loss_and_grads(parameters(rng), change(*padded_batch(rng)))


def test_an_even_number_of_moves_has_no_middle(rng):
    with pytest.raises(ValueError, match="moves: expected an odd number, got 2"):
        init(rng, INPUTS, OUTPUTS, moves=2)
    with pytest.raises(ValueError, match="rows: expected a whole number of at least 1, got 0"):
        init(rng, INPUTS, OUTPUTS, rows=0)


def test_told_are_the_arguments_of_address_then_of_write():
    assert Told._fields == ("k", "beta", "g", "s", "gamma", "e", "a")
