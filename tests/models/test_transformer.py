import numpy as np
import pytest

from attn.models.blocks import NOWHERE, POST, PRE, Positions
from attn.models.transformer import (
    CAUSAL,
    Design,
    embed,
    generate,
    init,
    logits,
    loss_and_grads,
    parts,
    read,
    read_backward,
    say,
    say_backward,
    weights,
)
from attn.ops.positions import rotary, rotary_backward, sinusoidal
from attn.ops.softmax import cross_entropy
from attn.tools.gradcheck import gradcheck_params

WORDS = 11
ROTARY = Positions(turn=(rotary, rotary_backward))
FALLING = Positions(bias=lambda heads, i, j: -np.abs(i[:, None] - j) / np.ones((heads, 1, 1)))
WAYS = {"sinusoidal": CAUSAL.positions, "rotary": ROTARY, "bias": FALLING, "none": NOWHERE}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, dtype=np.float64, **kinds):
    drawn = init(rng, WORDS, 8, 2, 2, **{"wide": 10, "longest": 12} | kinds, dtype=dtype)
    return {k: p + 0.1 * rng.standard_normal(p.shape).astype(dtype) for k, p in drawn.items()}


def batch_of(rng, b=3, n=5):
    x, y = rng.integers(0, WORDS, (2, b, n))
    return x, y, rng.random((b, n)) < 0.7


def greedy(scores):
    return scores.argmax(axis=-1)


def rewritten(p, x, length, design):
    """Generation without a cache: the whole text is read again for every token."""
    for _ in range(length):
        x = np.concatenate([x, greedy(logits(p, x, design)[:, -1])[:, None]], axis=1)
    return x


def test_the_loss_is_the_mean_surprise_of_what_is_kept(rng):
    p, (x, y, kept) = parameters(rng), batch_of(rng)
    loss, _ = loss_and_grads(p, (x, y, kept))
    assert loss == pytest.approx(cross_entropy(logits(p, x), y, kept), rel=1e-12)


@pytest.mark.parametrize("residual", [PRE, POST])
@pytest.mark.parametrize("way", WAYS)
def test_gradcheck_transformer(rng, residual, way):
    design = Design(WAYS[way], residual)
    errors = gradcheck_params(
        lambda p, batch: loss_and_grads(p, batch, design), parameters(rng), batch_of(rng), rng
    )
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize(
    "kinds", [{"wide": 0}, {"last_norm": False}, {"longest": 0}, {"wide": 0, "last_norm": False}]
)
def test_what_has_no_parameters_is_left_out(rng, kinds):
    p = parameters(rng, **kinds)
    assert ("W_1" in p, "gamma_out" in p, "P" in p) == (
        kinds.get("wide", 1) > 0,
        kinds.get("last_norm", True),
        kinds.get("longest", 1) > 0,
    )
    errors = gradcheck_params(loss_and_grads, p, batch_of(rng), rng)
    assert max(errors.values()) < 1e-7, errors


def test_one_position_has_right_gradients(rng):
    errors = gradcheck_params(loss_and_grads, parameters(rng), batch_of(rng, 4, 1), rng)
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("residual", [PRE, POST])
def test_a_cache_writes_the_same_tokens(rng, way, residual):
    design = Design(WAYS[way], residual)
    p, x = parameters(rng), rng.integers(0, WORDS, (8, 3))
    written = generate(p, x, 9, greedy, design)
    np.testing.assert_array_equal(written, rewritten(p, x, 9, design))
    assert len({tuple(row) for row in written[:, 3:]}) > 1


def test_future_token_cannot_leak(rng):
    p, (x, _, _) = parameters(rng, np.float32), batch_of(rng)
    changed = x.copy()
    changed[:, 3:] = (x[:, 3:] + 1) % WORDS
    np.testing.assert_array_equal(logits(p, x)[:, :3], logits(p, changed)[:, :3])
    assert (logits(p, x)[:, 3:] != logits(p, changed)[:, 3:]).all()


def test_an_open_design_sees_what_comes(rng):
    p, (x, _, _) = parameters(rng), batch_of(rng)
    changed = np.concatenate([x[:, :-1], (x[:, -1:] + 1) % WORDS], axis=1)
    design = Design(mask=None)
    assert (logits(p, x, design)[:, 0] != logits(p, changed, design)[:, 0]).all()
    assert (weights(p, x, design) > 0).all()


def test_without_positions_an_open_design_knows_no_order(rng):
    p, (x, _, _) = parameters(rng, longest=0), batch_of(rng)
    order, blind = rng.permutation(5), Design(NOWHERE, mask=None)
    moved = logits(p, x[:, order], blind)
    np.testing.assert_allclose(moved, logits(p, x, blind)[:, order], rtol=1e-9, atol=1e-12)
    for way in ("sinusoidal", "rotary", "bias"):
        seeing = Design(WAYS[way], mask=None)
        assert np.abs(logits(p, x[:, order], seeing) - logits(p, x, seeing)[:, order]).max() > 1e-3


def test_the_gradient_of_a_tied_table_is_the_sum(rng):
    p, (x, y, kept) = parameters(rng), batch_of(rng)
    _, grads = loss_and_grads(p, (x, y, kept))
    s, _ = read(p, x, parts(p, CAUSAL, 5), CAUSAL)
    step, t = 1e-6, rng.standard_normal(p["E"].shape)
    ahead, behind = (cross_entropy(say(s, p["E"] + sign * step * t), y, kept) for sign in (1, -1))
    as_output = (ahead - behind) / (2 * step)
    embedded = [
        read({**p, "E": p["E"] + sign * step * t}, x, parts(p, CAUSAL, 5), CAUSAL)[0]
        for sign in (1, -1)
    ]
    ahead, behind = (cross_entropy(say(s, p["E"]), y, kept) for s in embedded)
    as_input = (ahead - behind) / (2 * step)
    assert np.sum(grads["E"] * t) == pytest.approx(as_output + as_input, rel=1e-6)
    assert abs(as_output) > 1e-3
    assert abs(as_input) > 1e-3


def test_embeddings_are_scaled_and_coded(rng):
    p, x = parameters(rng), rng.integers(0, WORDS, (2, 4))
    u = embed(p, x, CAUSAL.positions, before=3)
    expected = np.sqrt(8) * p["E"][x] + sinusoidal(7, 8)[3:] + p["P"][3:7]
    np.testing.assert_allclose(u, expected, rtol=1e-12)


def test_weights_sum_to_one_and_see_no_future(rng):
    alpha = weights(parameters(rng), rng.integers(0, WORDS, (3, 5)))
    assert alpha.shape == (2, 3, 2, 5, 5)
    np.testing.assert_allclose(alpha.sum(axis=-1), 1)
    assert not np.triu(alpha, 1).any()


@pytest.mark.parametrize("way", WAYS)
def test_float32_stays_float32(rng, way):
    design, batch = Design(WAYS[way]), batch_of(rng)
    if way == "bias":
        low = Positions(bias=lambda *at: FALLING.bias(*at).astype(np.float32))
        design = Design(low)
    p = parameters(rng)
    p32 = {key: value.astype(np.float32) for key, value in p.items()}
    (loss, grads), (loss32, grads32) = (loss_and_grads(q, batch, design) for q in (p, p32))
    assert {g.dtype for g in grads32.values()} == {np.dtype(np.float32)}
    assert loss32 == pytest.approx(loss, rel=1e-5)
    for key, grad in grads.items():
        np.testing.assert_allclose(grads32[key], grad, rtol=1e-3, atol=1e-5, err_msg=key)


def test_inputs_are_not_written(rng):
    p, batch = parameters(rng), batch_of(rng)
    for array in (*p.values(), *batch):
        array.flags.writeable = False
    loss_and_grads(p, batch)
    generate(p, batch[0], 3, greedy)


def test_what_is_not_kept_is_not_asked(rng):
    p, (x, y, kept) = parameters(rng), batch_of(rng)
    (loss, grads), (same, same_grads) = (
        loss_and_grads(p, (x, np.where(kept, y, other), kept)) for other in (0, 99)
    )
    assert loss == same
    for key, grad in grads.items():
        np.testing.assert_array_equal(grad, same_grads[key], err_msg=key)


def test_a_mask_may_leave_out_the_batch(rng):
    p, (x, y, kept) = parameters(rng), batch_of(rng)
    kept = kept[0] | (np.arange(5) == 2)
    (loss, grads), (same, same_grads) = (
        loss_and_grads(p, (x, y, mask)) for mask in (np.tile(kept, (3, 1)), kept)
    )
    assert loss == same
    for key, grad in grads.items():
        np.testing.assert_array_equal(grad, same_grads[key], err_msg=key)


def test_bad_input_is_refused_by_name(rng):
    p, (x, y, kept) = parameters(rng), batch_of(rng)
    for bad, message in (
        ((x + WORDS, y, kept), "tokens: expected 0 to 10"),
        ((x, y + WORDS, kept), "y: expected 0 to 10"),
        ((x, y[:, 1:], kept), r"y: expected the shape \(3, 5\)"),
        ((x, y, kept.astype(float)), "kept: expected booleans"),
    ):
        with pytest.raises(ValueError, match=message):
            loss_and_grads(p, bad)
    with pytest.raises(ValueError, match="x: expected at most 12 positions, got"):
        logits(p, np.zeros((1, 13), int))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        generate(p, x[:, :0], 3, greedy)
    with pytest.raises(ValueError, match="words: expected a whole number of at least 1, got 0"):
        init(rng, 0)


def test_no_text_has_no_logits(rng):
    p, (x, _, _) = parameters(rng), batch_of(rng)
    assert logits(p, x[:, :0]).shape == (3, 0, WORDS)
    assert logits(p, x[:0]).shape == (0, 5, WORDS)


def test_backward_of_reading_and_saying_fit_together(rng):
    p, (x, _, _) = parameters(rng), batch_of(rng)
    s, trace = read(p, x, parts(p, CAUSAL, 5), CAUSAL)
    ds, dE = say_backward(np.ones((3, 5, WORDS)), s, p["E"])
    np.testing.assert_allclose(dE, np.broadcast_to(s.sum((0, 1)), dE.shape), rtol=1e-10)
    assert read_backward(ds, trace, p).keys() == p.keys()
