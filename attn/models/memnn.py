"""The Memory Network of 2014: facts picked by arg-max, one after another, and taught by labels.

I: facts and questions become bags of words. G: each fact goes to the next free slot. O: the best
fact is found, then the best one given that fact. R: the answer is the word that fits them best.

Here b is the batch, n the facts of a story, j the words of a fact, i those of a question, v the
size of the vocabulary, d the width of a vector, k the supporting facts. A batch is (x, q, y,
support, rivals); words and slots are those of attn.models.memnet, with the last fact in slot 0.
`rivals` says which facts a supporting fact must beat: None is all, one at random is the paper's
sampling.
"""

from typing import TypeAlias

import numpy as np

from attn.ops.arrays import as_rows
from attn.ops.bags import bag, filled, sentence, sentence_backward
from attn.ops.checks import check_indices, check_mask
from attn.types import Array, Grads, Indices, Mask, Params

Batch: TypeAlias = tuple[Indices, Indices, Indices, Indices, Mask | None]

NOW = -1  # the question's slot: it is older than no fact


def init(
    rng: np.random.Generator,
    words: int,
    embed: int = 32,
    sd: float = 0.1,
    dtype: type[np.floating] = np.float32,
) -> Grads:
    """Draw the parameters: a word has one vector when asked, one once found, one as a candidate.

    U_O, U_t, U_R ~ N(0, sd²)

    Source: Weston et al. 2014, sec. 3.1, D = 3 |W|, and sec. 3.4, three features of time.
    """
    shapes = {"U_O": (3, words, embed), "U_t": (3, embed), "U_R": (3, words, embed)}
    return {k: (sd * rng.standard_normal(shape)).astype(dtype) for k, shape in shapes.items()}


def loss_and_grads(params: Params, batch: Batch, margin: float = 0.1) -> tuple[float, Grads]:
    """Rank every supporting fact above the others, and the answer above the other words.

    L = 1/b Σ (L_O + L_R)

    Raises: ValueError if words or slots are not indices, or the mask does not fit.
    Source: Weston et al. 2014, eqs. 6 to 8.
    """
    x, q, y, support, rivals = batch
    loss_O, grads = rank_facts(params, x, q, support, rivals, margin)
    loss_R, dU_R = rank_words(params, x, q, y, support, margin)
    return loss_O + loss_R, {**grads, "U_R": dU_R}


def loss_and_grads_answers(
    params: Params, batch: Batch, margin: float = 0.1
) -> tuple[float, Grads]:
    """The same without labels: facts are picked by arg-max, and no gradient reaches the picking.

    L = 1/b Σ L_R,  dU_O = 0,  dU_t = 0

    Raises: ValueError if words are not indices.
    Source: Weston et al. 2014, eq. 8; arg-max is flat wherever it has a slope.
    """
    x, q, y, support, _ = batch
    loss, dU_R = rank_words(params, x, q, y, find(params, x, q, support.shape[1]), margin)
    return loss, {k: dU_R if k == "U_R" else np.zeros_like(p) for k, p in params.items()}


def find(params: Params, x: Indices, q: Indices, hops: int) -> Indices:
    """Pick the facts, each given those before: O.

    o_1 = argmax_i s_O(x, m_i),  o_2 = argmax_i s_O([x, m_o1], m_i)

    Shapes: x (b, n, j), q (b, i) -> o (b, hops)
    Raises: ValueError if words are not indices.
    Source: Weston et al. 2014, eqs. 2 and 3.
    """
    (found, m), _ = sentence(x, params["U_O"][1:], bag)
    u, o = sentence(q, params["U_O"][:1], bag)[0][0], [np.full(len(x), NOW)]
    for _ in range(hops):
        o.append(best(u, m, params["U_t"], o[-1], filled(x)))
        u = u + found[np.arange(len(x)), o[-1]]
    return np.stack(o[1:], axis=1)


def best(u: Array, m: Array, U_t: Array, slot_x: Indices, filled: Mask) -> Indices:
    """Keep the better of two facts, from the first told to the last: arg-max with a sense of time.

    t ← i if s_Ot(x, m_t, m_i) < 0,  s_Ot > 0 prefers the first of two, s_Ot < 0 the second

    The fact that leads is always the older of the two: only then does the third feature have a say.

    Shapes: u (b, d), m (b, n, d), U_t (3, d), slot_x (b), filled (b, n) -> o (b)
    Source: Weston et al. 2014, sec. 3.4; who is compared with whom first is our reading of it.
    """
    fit, tau, rows = (m @ u[..., None])[..., 0], u @ U_t.T, np.arange(len(u))
    t = np.full(len(u), m.shape[1] - 1)
    for i in reversed(range(m.shape[1])):
        s = fit[rows, t] - fit[:, i] + (tau * _older(slot_x, t, np.full_like(t, i))).sum(axis=-1)
        t = np.where(filled[:, i] & ((s < 0) | ~filled[rows, t]), i, t)
    return t


def respond(params: Params, x: Indices, q: Indices, o: Indices) -> Array:
    """Score each word as the answer, given the question and the facts: R.

    r = argmax_w s_R([x, m_o1, m_o2], w)

    Shapes: x (b, n, j), q (b, i), o (b, k) -> scores (b, v)
    Raises: ValueError if words or slots are not indices.
    Source: Weston et al. 2014, eq. 4.
    """
    found = sentence(_picked(x, o), params["U_R"][1:2], bag)[0][0].sum(axis=1)
    return (found + sentence(q, params["U_R"][:1], bag)[0][0]) @ params["U_R"][2].T


def rank_facts(
    params: Params, x: Indices, q: Indices, support: Indices, rivals: Mask | None, margin: float
) -> tuple[float, Grads]:
    """Lift each supporting fact above its rivals by a margin; gives the loss and its gradients.

    L_O = Σ_h Σ_f̄ max(0, γ − s_Ot(x_h, f_h, f̄)) + max(0, γ + s_Ot(x_h, f̄, f_h))
    s_Ot(x, y, z) = Φ_x(x)ᵀ Uᵀ U (Φ_y(y) − Φ_y(z) + Φ_t(x, y, z)),  x_h = [x, f_1 … f_{h−1}]

    Shapes: x (b, n, j), q (b, i), support (b, k), rivals (b, k, n) | None -> loss, gradients
    Raises: ValueError if words or slots are not indices, or the mask does not fit.
    Source: Weston et al. 2014, eqs. 6, 7 and 9.
    """
    rivals = _rivals(x, support, rivals)
    (found, m), facts = sentence(x, params["U_O"][1:], bag)
    asked, question = sentence(q, params["U_O"][:1], bag)
    u = asked[0][:, None] + _before(np.take_along_axis(found, support[..., None], axis=1))
    fit, tau = u @ m.mT, u @ params["U_t"].T
    loss, dfit, dtau = _hinges(fit, tau, support, rivals, margin)
    du = dfit @ m + dtau @ params["U_t"]
    dfound = _put(_after(du), support, found)
    dU_f = sentence_backward(np.stack([dfound, dfit.mT @ u]), facts, params["U_O"][1:])
    dU_q = sentence_backward(du.sum(axis=1)[None], question, params["U_O"][:1])
    dU_t = as_rows(dtau).T @ as_rows(u)
    return loss, {"U_O": np.concatenate([dU_q, dU_f]), "U_t": dU_t}


def rank_words(
    params: Params, x: Indices, q: Indices, y: Indices, o: Indices, margin: float
) -> tuple[float, Array]:
    """Lift the answer above the other words by a margin; gives the loss and the gradient of U_R.

    L_R = Σ_r̄ max(0, γ − s_R([x, f_1 … f_k], r) + s_R([x, f_1 … f_k], r̄))

    Shapes: x (b, n, j), q (b, i), y (b), o (b, k) -> loss, dU_R (3, v, d)
    Raises: ValueError if words or slots are not indices.
    Source: Weston et al. 2014, eq. 8.
    """
    U_R = params["U_R"]
    check_indices("y", y, (len(x),), U_R.shape[1])
    found, facts = sentence(_picked(x, o), U_R[1:2], bag)
    asked, question = sentence(q, U_R[:1], bag)
    u = asked[0] + found[0].sum(axis=1)
    scores, right = u @ U_R[2].T, np.arange(U_R.shape[1]) == y[:, None]
    gap = np.where(right, 0, float(margin) + scores - scores[right][:, None])
    dscores = (gap > 0) / u.dtype.type(len(u))
    dscores -= right * dscores.sum(axis=-1, keepdims=True)
    du = dscores @ U_R[2]
    dfound = np.broadcast_to(du[None, :, None], found.shape)
    dU = [
        sentence_backward(du[None], question, U_R[:1]),
        sentence_backward(dfound, facts, U_R[1:2]),
        (dscores.T @ u)[None],
    ]
    return float(np.maximum(gap, 0).sum()) / len(u), np.concatenate(dU)


def one_rival(rng: np.random.Generator, x: Indices, support: Indices) -> Mask:
    """Draw one rival for each supporting fact, as the paper samples them.

    Shapes: x (b, n, j), support (b, k) -> rivals (b, k, n)
    Source: Weston et al. 2014, sec. 3.1.
    """
    allowed = _rivals(x, support, None)
    chance = np.where(allowed, rng.random(allowed.shape), -1)
    return chance == chance.max(axis=-1, keepdims=True)


def guess(
    rng: np.random.Generator, x: Indices, q: Indices, y: Indices, telling: Mask
) -> tuple[Indices, Mask]:
    """Guess two supporting facts without labels: the first shares a word with the question.

    The second shares one with the first and one with the answer. One of those that fit is drawn, or
    of all slots if none does; those that do not fit are its rivals. `telling` marks the words that
    count as shared.

    Shapes: x (b, n, j), q (b, i), y (b), telling (v) -> support (b, 2), rivals (b, 2, n)
    Source: Sukhbaatar et al. 2015, the baseline "MemNN-WSH"; that "the" does not count is ours.
    """
    words = _present(x, telling)
    first = _common(words, _present(q, telling))
    o_1 = _drawn(rng, first)
    second = _common(words, words[np.arange(len(x)), o_1]) & _common(
        words, _present(y[:, None], telling)
    )
    o_2 = _drawn(rng, second)
    return np.stack([o_1, o_2], axis=1), np.stack([~first, ~second], axis=1)


def _hinges(
    fit: Array, tau: Array, support: Indices, rivals: Mask, margin: float
) -> tuple[float, Array, Array]:
    phi_1, phi_2 = _times(support, fit)
    lead = np.take_along_axis(fit, support[..., None], axis=-1) - fit
    gap_1 = float(margin) - lead - (phi_1 @ tau[..., None])[..., 0]
    gap_2 = float(margin) - lead + (phi_2 @ tau[..., None])[..., 0]
    late_1, late_2 = ((rivals & (gap > 0)).astype(fit.dtype) for gap in (gap_1, gap_2))
    dfit = (late_1 + late_2) / len(fit)
    dtau = (_spread(late_2, phi_2) - _spread(late_1, phi_1)) / len(fit)
    own = (np.arange(fit.shape[-1]) == support[..., None]) * dfit.sum(axis=-1, keepdims=True)
    return float((late_1 * gap_1 + late_2 * gap_2).sum()) / len(fit), dfit - own, dtau


def _times(support: Indices, fit: Array) -> tuple[Array, Array]:
    # Φ_t(x, f, f̄) and Φ_t(x, f̄, f) for every fact f̄; x is as old as the fact before f
    slots, f = np.arange(fit.shape[-1]), support[..., None]
    first = np.full_like(support[:, :1], NOW)
    known = np.concatenate([first, support[:, :-1]], axis=1)[..., None]
    return _older(known, f, slots).astype(fit.dtype), _older(known, slots, f).astype(fit.dtype)


def _older(slot_x: Indices, slot_y: Indices, slot_z: Indices) -> Mask:
    # Φ_t(x, y, z) = [x older than y, x older than z, y older than z]; what is known, x, is as old
    # as the fact that was found last
    later = [slot_x > slot_y, slot_x > slot_z, slot_y > slot_z]
    return np.stack(np.broadcast_arrays(*later), axis=-1)


def _spread(late: Array, phi: Array) -> Array:
    return (late[..., None, :] @ phi)[..., 0, :]


def _rivals(x: Indices, support: Indices, rivals: Mask | None) -> Mask:
    shape = (*support.shape, x.shape[1])
    check_indices("support", support, (len(x), support.shape[-1]), x.shape[1])
    check_mask(rivals, shape, "rivals")
    others = filled(x)[:, None] & (np.arange(shape[-1]) != support[..., None])
    return others if rivals is None else others & rivals


def _picked(x: Indices, o: Indices) -> Indices:
    check_indices("o", o, (len(x), o.shape[-1]), x.shape[1])
    return np.take_along_axis(x, o[..., None], axis=1)


def _put(dtaken: Array, support: Indices, found: Array) -> Array:
    onehot = np.arange(found.shape[1]) == support[..., None]
    return onehot.mT.astype(found.dtype) @ dtaken


def _before(x: Array) -> Array:
    # sums over the facts before each
    return np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1].cumsum(axis=1)], axis=1)


def _after(dx: Array) -> Array:
    return _before(dx[:, ::-1])[:, ::-1]


def _present(x: Indices, telling: Mask) -> Mask:
    return (x[..., None] == np.flatnonzero(telling)).any(axis=-2)


def _common(facts: Mask, words: Mask) -> Mask:
    return np.asarray((facts & words[:, None]).any(axis=-1))


def _drawn(rng: np.random.Generator, fits: Mask) -> Indices:
    return (fits + rng.random(fits.shape)).argmax(axis=-1)
