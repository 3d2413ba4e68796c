import math
from functools import partial

import numpy as np
import pytest

from attn.mechanisms.hard import leave_one_out, reinforce
from attn.models import glimpse
from attn.models.glimpse import (
    ADDITIVE,
    DOT,
    SCALED_DOT,
    init,
    init_additive,
    look_drawn,
    look_everywhere,
    look_relaxed,
    look_soft,
    look_straight_through,
    loss_and_grads,
    right_at_peak,
    right_by_blend,
    right_by_draw,
    weights,
)
from attn.tools.gradcheck import gradcheck_params
from attn.tools.retrieval import batch

ITEMS, CLASSES, CELLS = 7, 3, 5
SCORES = {"dot": DOT, "scaled dot": SCALED_DOT, "additive": ADDITIVE}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def parameters(rng, score=SCALED_DOT, dtype=np.float64):
    start = init_additive if score is ADDITIVE else init
    params = start(rng, ITEMS, CLASSES, d=4, p=2, dtype=dtype)
    noise = {k: 0.3 * rng.standard_normal(x.shape) for k, x in params.items()}  # v_a, b_o too
    return {k: (x + noise[k]).astype(dtype) for k, x in params.items()}


def padded_batch(rng):
    b = batch(rng, 4, CELLS, ITEMS, CLASSES)
    mask = np.arange(CELLS) < np.array([[5], [3], [1], [5]])
    return b._replace(mask=mask)


def surprise(params, c, y):
    z = [math.exp(x) for x in c @ params["W_o"] + params["b_o"]]
    return -math.log(z[y] / sum(z))


def losses(params, batch):
    """The loss of the blend, and the mean loss of a draw, as plain loops."""
    blend = draw = 0.0
    for x, z, mask, q, y in zip(*batch, strict=True):
        cells = [j for j in range(CELLS) if mask[j]]
        e = [sum(params["E_q"][q] * params["E_k"][x[j]]) / math.sqrt(4) for j in cells]
        alpha = [math.exp(e_j) / sum(math.exp(e_k) for e_k in e) for e_j in e]
        v = [params["E_v"][z[j]] for j in cells]
        blend += surprise(params, sum(a * v_j for a, v_j in zip(alpha, v, strict=True)), y)
        draw += sum(a * surprise(params, v_j, y) for a, v_j in zip(alpha, v, strict=True))
    return blend / 4, draw / 4


def test_both_losses_are_the_sums_in_the_paper(rng):
    params, b = parameters(rng), padded_batch(rng)
    blend, draw = losses(params, b)
    assert loss_and_grads(params, b, look_soft)[0] == pytest.approx(blend)
    assert loss_and_grads(params, b, look_everywhere)[0] == pytest.approx(draw)


def test_the_blend_is_not_the_mean_of_the_draws(rng):
    blend, draw = losses(parameters(rng), padded_batch(rng))
    assert abs(blend - draw) > 0.01


def relaxed(*args):
    return look_relaxed(*args, np.random.default_rng(1), 3, 0.7)  # the same noise at each call


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("look", [look_soft, look_everywhere, relaxed])
def test_gradcheck_glimpse(rng, look, score):
    params, b = parameters(rng, SCORES[score]), padded_batch(rng)
    errors = gradcheck_params(
        lambda params, b: loss_and_grads(params, b, look, SCORES[score]), params, b, rng
    )
    assert max(errors.values()) < 1e-7, errors


def test_drawn_gradients_have_the_exact_mean(rng, monkeypatch):
    """The sum over all positions that one draw can be, each as probable as it weighs."""
    params, b = parameters(rng), padded_batch(rng)
    alpha, look = weights(params, b), partial(look_drawn, rng=rng, K=1, estimate=reinforce)
    exact, mean = loss_and_grads(params, b, look_everywhere), None
    for row in range(4):  # the other rows stay at the first cell: their sum is taken off again
        for j in range(CELLS):
            s = np.where(np.arange(4) == row, j, 0)[:, None]
            monkeypatch.setattr(glimpse, "sample", lambda *_, s=s: s)
            _, grads = loss_and_grads(params, b, look)
            terms = {k: alpha[row, j] * g for k, g in grads.items()}
            mean = {k: (mean[k] if mean else 0) + terms[k] for k in terms}
    monkeypatch.setattr(glimpse, "sample", lambda *_: np.zeros((4, 1), int))
    _, first = loss_and_grads(params, b, look)
    for k, g in exact[1].items():
        assert mean[k] - 3 * first[k] == pytest.approx(g, abs=1e-12), k


def test_leave_one_out_needs_its_draws(rng):
    params, b = parameters(rng), padded_batch(rng)
    with pytest.raises(ValueError, match="at least 2 draws"):
        loss_and_grads(params, b, partial(look_drawn, rng=rng, K=1, estimate=leave_one_out))


def test_straight_through_differs_from_reinforce_in_the_scores_alone(rng):
    params, b = parameters(rng), padded_batch(rng)
    (loss, through), (same, drawn) = (
        loss_and_grads(params, b, partial(look, rng=np.random.default_rng(1), K=3))
        for look in (look_straight_through, partial(look_drawn, estimate=reinforce))
    )
    assert loss == same
    assert [k for k in through if not np.array_equal(through[k], drawn[k])] == ["E_q", "E_k"]


def test_a_perfect_look_is_right_in_every_way(rng):
    b = batch(rng, 50, CELLS, ITEMS, CLASSES)
    params = {
        "E_q": 40 * np.eye(ITEMS),
        "E_k": np.eye(ITEMS),
        "E_v": np.eye(CLASSES),
        "W_o": 9 * np.eye(CLASSES),
        "b_o": np.zeros(CLASSES),
    }
    assert right_by_blend(params, b).all()
    assert right_at_peak(params, b).all()
    assert right_by_draw(params, b) == pytest.approx(1, abs=1e-4)


def test_a_look_at_random_is_right_by_chance(rng):
    b = batch(rng, 20_000, CELLS, ITEMS, CLASSES)
    params = parameters(rng) | {"E_q": np.zeros((ITEMS, 4)), "E_v": np.eye(CLASSES)}
    params |= {"W_o": 9 * np.eye(CLASSES), "b_o": np.zeros(CLASSES)}
    chance = 1 / CELLS + (1 - 1 / CELLS) / CLASSES
    assert right_by_draw(params, b).mean() == pytest.approx(chance, abs=0.01)


def test_padding_is_not_looked_at(rng):
    params, b = parameters(rng), padded_batch(rng)
    other = b._replace(x=np.where(b.mask, b.x, 0), z=np.where(b.mask, b.z, 1))
    assert (weights(params, b)[~b.mask] == 0).all()
    for look in (look_soft, look_everywhere):
        assert loss_and_grads(params, b, look)[0] == loss_and_grads(params, other, look)[0]


def test_a_mask_may_leave_out_the_batch(rng):
    params, b = parameters(rng), padded_batch(rng)
    mask = np.array([True, False, True])
    b = b._replace(x=b.x[:, :3], z=b.z[:, :3], mask=np.tile(mask, (4, 1)))
    for look in (look_soft, look_everywhere, relaxed):  # relaxed draws 3 times: not for those
        (loss, grads), (same, same_grads) = (
            loss_and_grads(params, b._replace(mask=m), look) for m in (b.mask, mask)
        )
        assert loss == same
        for key, grad in grads.items():
            np.testing.assert_array_equal(grad, same_grads[key], err_msg=key)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.full((4, CELLS), ITEMS)}, "tokens: expected 0 to 6, got 7 to 7"),
        ({"y": np.full(4, CLASSES)}, "y: expected 0 to 2, got 3 to 3"),
        ({"mask": np.ones((4, CELLS))}, "mask: expected booleans"),
    ],
)
def test_bad_input_is_refused_by_name(rng, change, message):
    with pytest.raises(ValueError, match=message):
        loss_and_grads(parameters(rng), padded_batch(rng)._replace(**change), look_soft)
