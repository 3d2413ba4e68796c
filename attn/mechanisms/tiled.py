"""Exact attention in linear memory: tiles of queries meet tiles of keys, on all cores.

The plain form, `attn.mechanisms.attention`, holds all n × m scores at once. Here each core holds
one tile of them, and the result is the same to rounding. Inside, the leading axes are one, g, and
scores stand transposed, e (g, m, n), a row for each key: sums over keys then add whole rows.
"""

import math
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from attn.ops.arrays import as_batch
from attn.ops.checks import check_shapes, full_mask
from attn.ops.cores import cores_for, on_all_cores
from attn.types import Array, Mask

QUERIES, KEYS = 512, 512  # a tile: its scores, a megabyte of float32, stay in the cache
SCORES = 2**18  # short sequences share a tile, until it has so many
WORTH_A_THREAD = 2**25  # multiply-adds; with fewer, two wait for their turn in Python too often
BUNDLE = 32  # keys that are summed by themselves

# Freeing a block of up to 32 MB teaches glibc to keep memory, so that the next call need not fetch
# it page by page. This holds for the whole process; other C libraries learn nothing.
np.empty(31 << 20, np.uint8)


class _Base(NamedTuple):
    """What is raised to the power of the scores; `unit` scales them to match."""

    unit: float
    power: np.ufunc


E, TWO = _Base(1.0, np.exp), _Base(1 / math.log(2), np.exp2)


def _quicker() -> _Base:
    """The base that NumPy is quicker with: on Linux with AVX-512, exp2 takes half of exp's time;
    elsewhere NumPy has no exp2 made for the processor, and it takes up to twice as long."""
    found = np.lib.introspect.opt_func_info(func_name="^exp2$", signature="float32")
    targets = [x["current"] for types in found.values() for x in types.values()]
    made_for_it = any("baseline" not in target for target in targets)
    return TWO if made_for_it and sys.platform == "linux" else E


BASE = _quicker()


class Trace(NamedTuple):
    """What the way back needs of each query: its context, its peak, its sum of exponentials.

    total_i = Σ_j exp(e_ij − peak_i),  peak_i is 0 where none was needed, −∞ where nothing was seen
    """

    c: Array
    peak: Array
    total: Array


class _Job(NamedTuple):
    """The inputs with their leading axes as one, and what all tiles ask for."""

    q: Array
    k: Array
    v: Array
    mask: Mask | None
    causal: bool
    scale: float
    reach: Array
    threads: int


class _Room(NamedTuple):
    """What a core writes to in all its tiles, so that none of them has to ask for memory."""

    e: Array
    de: Array
    rows: Array
    q: Array


Tile: TypeAlias = tuple[slice, ...]


def attention(
    q: Array, k: Array, v: Array, mask: Mask | None = None, causal: bool = False
) -> Array:
    """Look up each query among the keys, a tile at a time; no n × m array is ever made.

    c = softmax(q kᵀ / √d) v

    `causal` hides the keys j > i + m − n, and their tiles are not even visited.

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None -> c (..., n, p)
    Raises: ValueError if an array is not of floats, in single or double precision, shapes do not
        fit, there are no keys or no features, or the mask is not boolean.
    Source: Rabe & Staats 2021, sec. 3; Dao et al. 2022, sec. 3.1.
    """
    return attention_with_trace(q, k, v, mask, causal)[0]


def attention_backward(
    dc: Array, q: Array, k: Array, v: Array, mask: Mask | None = None, causal: bool = False
) -> tuple[Array, Array, Array]:
    """Gradient of attention from its inputs alone; whoever has the trace need not look up again.

    dq, dk, dv as in attention_with_trace_backward

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Source: the derivative of Vaswani et al. 2017, eq. 1.
    """
    _, trace = attention_with_trace(q, k, v, mask, causal)
    return attention_with_trace_backward(dc, q, k, v, trace, mask, causal)


def attention_with_trace(
    q: Array, k: Array, v: Array, mask: Mask | None = None, causal: bool = False
) -> tuple[Array, Trace]:
    """Look up as attention does, and keep two numbers a query, from which all weights come back.

    c_i = Σ_j w_ij v_j / Σ_j w_ij,  w_ij = exp(e_ij − peak_i)

    Shapes: q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None
        -> c (..., n, p), trace
    Raises: ValueError if an array is not of floats, in single or double precision, shapes do not
        fit, there are no keys or no features, or the mask is not boolean.
    Source: Milakov & Gimelshein 2018, alg. 3; Dao et al. 2022, alg. 1.
    """
    job = _job(q, k, v, mask, causal)
    (g, n, _), p = job.q.shape, v.shape[-1]
    trace = Trace(*(np.zeros(shape, job.q.dtype) for shape in ((g, n, p), (g, n), (g, n))))
    on_all_cores(partial(_look_up, job, trace), _rooms(job), _tiles_of_queries(job))
    c, peak, total = (x.reshape(*q.shape[:-1], *x.shape[2:]) for x in trace)
    return c, Trace(c, peak, total)


def attention_with_trace_backward(
    dc: Array,
    q: Array,
    k: Array,
    v: Array,
    trace: Trace,
    mask: Mask | None = None,
    causal: bool = False,
) -> tuple[Array, Array, Array]:
    """Gradient of attention; the weights are computed again, a tile at a time, from the trace.

    alpha_ij = w_ij / total_i,  de_ij = alpha_ij (dc_iᵀ v_j − dc_iᵀ c_i),
    dv_j = Σ_i alpha_ij dc_i,  dk_j = Σ_i de_ij q_i / √d,  dq_i = Σ_j de_ij k_j / √d

    Shapes: dc (..., n, p), q (..., n, d), k (..., m, d), v (..., m, p), mask (..., n, m) | None,
        c (..., n, p), peak (..., n), total (..., n)
        -> dq (..., n, d), dk (..., m, d), dv (..., m, p)
    Raises: ValueError as attention.
    Source: Dao et al. 2022, alg. 4.
    """
    check_shapes("q (..., n, d), v (..., m, p), dc (..., n, p), c (..., n, p)", q, v, dc, trace.c)
    check_shapes("q (..., n, d), peak (..., n), total (..., n)", q, trace.peak, trace.total)
    dc = dc.astype(np.result_type(q, k, v), copy=False)
    job = _job(q, k, v, mask, causal, dc)
    dc, *sums = (x.reshape(*job.q.shape[:2], *x.shape[q.ndim - 1 :]) for x in (dc, *trace))
    grads = tuple(np.zeros_like(x) for x in (job.q, job.k, job.v))
    rooms = _rooms(job)
    for pairs in _rounds(job):
        on_all_cores(partial(_send_back, job, Trace(*sums), dc, grads), rooms, pairs)
    dq, dk, dv = (dx.reshape(x.shape) for dx, x in zip(grads, (q, k, v), strict=True))
    dq *= job.scale
    dk *= job.scale
    return dq, dk, dv


# Forward: a tile of queries reads all the keys that it may see.


@np.errstate(all="ignore")
def _look_up(job: _Job, trace: Trace, room: _Room, tiles: Iterator[Tile]) -> None:
    """Add up exponentials and weighted values, a tile of keys at a time, and divide at the end.

    total_i = Σ_j w_ij,  c_i = Σ_j w_ij v_j / total_i
    """
    for heads, rows in tiles:
        calm = _calm(job, heads, rows)
        trace.peak[heads, rows] = 0 if calm else -np.inf
        q_t = _queries(job, heads, rows, calm, room.q)
        for seen, keys, visible in _parts(job, heads, rows, slice(0, job.k.shape[1])):
            sums = _of(trace, heads, seen)
            e = _product(job.k[heads, keys], q_t[..., seen.start - rows.start :], room.e)
            w = _exponentials(e, visible) if calm else _risen(e, visible, sums)
            sums.total[...] += _sum_over_keys(w)
            sums.c[...] += (_product if calm else _read)(w.mT, job.v[heads, keys], room.rows)
        trace.c[heads, rows] /= _divisor(trace.total[heads, rows])[..., None]


def _exponentials(e: Array, visible: Mask | None) -> Array:
    """Exponentials of calm scores: none can overflow, so no peak has to be found first.

    w_ij = base^{e_ij}
    """
    w = BASE.power(e, out=e)
    return w if visible is None else np.multiply(w, visible, out=w)


def _risen(e: Array, visible: Mask | None, sums: Trace) -> Array:
    """Exponentials below the highest score so far; when it rises, what was added up shrinks.

    peak_i ← max(peak_i, max_j e_ij),  shrink_i = exp(old peak_i − new peak_i)
    total_i ← shrink_i total_i,  c_i ← shrink_i c_i,  w_ij = exp(e_ij − peak_i)
    """
    e = e if visible is None else np.where(visible, e, -np.inf)
    peak = np.maximum(sums.peak, e.max(axis=1))
    shrink = _exp_below(sums.peak.copy(), peak)
    sums.total[...] *= shrink
    sums.c[...] = np.where(shrink[..., None] == 0, 0, shrink[..., None] * sums.c)
    sums.peak[...] = peak
    return _hide(_exp_below(e, peak[:, None]), visible)


# Backward: in each round a tile of queries meets as many other keys; both get gradients.


@np.errstate(all="ignore")
def _send_back(
    job: _Job,
    trace: Trace,
    dc: Array,
    grads: tuple[Array, ...],
    room: _Room,
    tiles: Iterator[Tile],
) -> None:
    """Add to the gradients what one tile of weights sends back.

    dv_j += Σ_i alpha_ij dc_i,  dk_j += Σ_i de_ij q_i,  dq_i += Σ_j de_ij k_j
    """
    dq, dk, dv = grads
    for heads, rows, all_keys in tiles:
        calm = _calm(job, heads, rows)
        add_up = _product if calm else _read
        q_t, dc_t = _queries(job, heads, rows, calm, room.q), dc[heads, rows].mT
        mean = np.vecdot(dc[heads, rows], trace.c[heads, rows])
        for seen, keys, visible in _parts(job, heads, rows, all_keys):
            sums, since = _of(trace, heads, seen), slice(seen.start - rows.start, None)
            e = _product(job.k[heads, keys], q_t[..., since], room.e)
            alpha = (_calm_weights if calm else _weights)(e, visible, sums)
            dv[heads, keys] += add_up(alpha, dc[heads, seen], room.rows)
            dalpha = _product(job.v[heads, keys], dc_t[..., since], room.de)
            de = _scores_backward(dalpha, alpha, mean[:, since])
            de = de if calm else _hide(de, alpha != 0)
            dk[heads, keys] += add_up(de, job.q[heads, seen], room.rows)
            dq[heads, seen] += add_up(de.mT, job.k[heads, keys], room.rows)


def _calm_weights(e: Array, visible: Mask | None, sums: Trace) -> Array:
    """Weights of calm scores: alpha_ij = base^{e_ij} / total_i."""
    w = _exponentials(e, visible)
    w *= (1 / _divisor(sums.total))[:, None]
    return w


def _weights(e: Array, visible: Mask | None, sums: Trace) -> Array:
    """Weights of any scores: alpha_ij = exp(e_ij − peak_i) / total_i."""
    w = _exp_below(e, sums.peak[:, None])
    return _hide(w / _divisor(sums.total)[:, None], visible)


def _scores_backward(dalpha: Array, alpha: Array, mean: Array) -> Array:
    """Softmax's way back: its sum Σ_k alpha_ik dalpha_ik is dc_iᵀ c_i, so a tile is enough.

    de_ij = alpha_ij (dalpha_ij − mean_i),  mean_i = dc_iᵀ c_i
    """
    dalpha -= mean[:, None]
    return np.multiply(alpha, dalpha, out=dalpha)


# What both ways share.


def _job(q: Array, k: Array, v: Array, mask: Mask | None, causal: bool, *values: Array) -> _Job:
    check_shapes("q (..., n, d), k (..., m, d), v (..., m, p)", q, k, v)
    shape = (*q.shape[:-1], k.shape[-2])
    mask = None if mask is None else full_mask(mask, shape)[None]
    dtype = np.result_type(q, k, v)
    if dtype not in (np.float32, np.float64):  # the sums of half precision would overflow
        raise ValueError(f"q, k, v: expected float32 or float64, got {dtype}")
    if not q.shape[-1]:
        raise ValueError(f"q: expected at least one feature, got {q.shape}")
    scale = 1 / math.sqrt(q.shape[-1])
    q, k, v, *more = (as_batch(x.astype(dtype, copy=False)) for x in (q, k, v, *values))
    return _Job(q, k, v, mask, causal, scale, _reach(k, (v, *more)), _worthwhile(q, v))


def _reach(k: Array, values: tuple[Array, ...]) -> Array:
    """How high a query of length 1 can score, by head: ∞ if a value is huge, infinite or NaN."""
    huge = 2.0 ** (np.finfo(k.dtype).maxexp // 4)
    tame = np.all([_longest(x) < huge for x in values], axis=0)
    return np.where(tame, _longest(k), np.inf)


def _calm(job: _Job, heads: slice, rows: slice) -> bool:
    """Whether these queries score so low, whatever the keys, that nothing can overflow.

    |e_ij| ≤ |q_i| |k_j| / √d
    """
    bound = _longest(job.q[heads, rows]) * job.reach[heads] * job.scale
    bits = bound * TWO.unit
    return bool((bits < np.finfo(bits.dtype).maxexp / 4).all())


@np.errstate(over="ignore", invalid="ignore")  # ∞ and NaN are long
def _longest(x: Array) -> Array:
    return np.sqrt(np.vecdot(x, x).max(axis=1, initial=0))


def _queries(job: _Job, heads: slice, rows: slice, calm: bool, room: Array) -> Array:
    # Transposed, and scaled here, not the scores of every tile.
    q = job.q[heads, rows]
    factor = job.scale * (BASE.unit if calm else 1)
    return np.multiply(q, factor, out=room[: q.size].reshape(q.shape)).mT


def _sum_over_keys(w: Array) -> Array:
    """Σ_j w_ij, in bundles of keys: less is rounded away than when they come one by one."""
    g, m, n = w.shape
    whole = m - m % BUNDLE
    bundles = w[:, :whole].reshape(g, m // BUNDLE, BUNDLE, n)
    total = (np.ones(BUNDLE, w.dtype) @ bundles).sum(axis=1)
    return total if whole == m else total + w[:, whole:].sum(axis=1)


def _exp_below(e: Array, peak: Array) -> Array:
    # In place of e. At an infinite peak ∞ − ∞ is 0: that is the limit, as in attn.ops.softmax.
    if np.isfinite(peak).all():
        np.subtract(e, peak, out=e)
    else:
        e[...] = np.subtract(e, peak, where=e != peak, out=np.zeros_like(e))
    return _exp(e)


def _exp(e: Array) -> Array:
    """Exponentials of scores below their peak, in place; 0 for those that would be subnormal.

    Many processors take fifty times as long for numbers below the least normal one, tiny. So none
    is made: e is cut off where exp(e) is 2 tiny; adding `coarse` rounds away less than 8 tiny.
    """
    info = np.finfo(e.dtype)
    coarse = 8 * info.tiny / info.eps
    np.maximum(e, np.log(2 * info.tiny), out=e)
    w = np.exp(e, out=e)
    w += coarse
    w -= coarse
    return w


def _hide(w: Array, visible: Mask | None) -> Array:
    return w if visible is None else np.where(visible, w, 0)


def _divisor(total: Array) -> Array:
    return np.where(total == 0, 1, total)  # a query that saw nothing keeps the context 0


# Which tiles, and what is visible in them.


def _tiles_of_queries(job: _Job) -> list[Tile]:
    """Every tile of queries; under a causal mask the last ones, which see most, come first."""
    heads, rows, _ = _cuts(job)
    return [(h, r) for r in reversed(rows) for h in heads]


def _rounds(job: _Job) -> Iterator[list[Tile]]:
    """All pairs of tiles, in rounds as of a tournament: within one, nobody has two opponents.

    in round t, queries i meet keys (i + t) mod rounds

    So no two cores add to the same gradient at once, and the order of the sums is always the same.
    """
    heads, rows, keys = _cuts(job)
    rounds = max(len(rows), len(keys))
    for t in range(rounds):
        pairs = [(r, keys[j]) for i, r in enumerate(rows) if (j := (i + t) % rounds) < len(keys)]
        yield [(h, r, k) for r, k in pairs if k.start < _end(job, r) for h in heads]


def _parts(job: _Job, heads: slice, rows: slice, keys: slice) -> Iterator[tuple[slice, slice, Any]]:
    """The tiles of these keys: which queries see them, and which of them each sees."""
    _, _, step = _steps(job)
    for part in _cut(keys.start, min(keys.stop, _end(job, rows)), step):
        seen = slice(max(rows.start, part.start - _ahead(job)), rows.stop) if job.causal else rows
        visible = _visible(job, heads, seen, part)
        if visible is None or visible.any():
            yield seen, part, visible


def _visible(job: _Job, heads: slice, rows: slice, keys: slice) -> Mask | None:
    """Which query of the tile sees which key, (g, m, n); None if each sees all."""
    visible = _before(job, rows, keys)
    if job.mask is None:
        return visible
    at = np.unravel_index(np.arange(heads.start, heads.stop), job.mask.shape[:-2])
    where: Any = (*at, rows, keys)
    tile = np.ascontiguousarray(job.mask[where].mT)
    visible = tile if visible is None else tile & visible
    return None if visible.all() else visible


def _before(job: _Job, rows: slice, keys: slice) -> Mask | None:
    """The causal part of it, for keys that begin before the last query: j ≤ i + m − n."""
    lag = keys.start - rows.start - _ahead(job)
    length = keys.stop - keys.start
    if not job.causal or lag + length <= 1:
        return None
    later = np.tri(length, rows.stop - rows.start, lag - 1, dtype=bool)
    return np.logical_not(later, out=later)[None]


def _ahead(job: _Job) -> int:
    return job.k.shape[1] - job.q.shape[1]  # query i sees the keys up to i + m − n


def _end(job: _Job, rows: slice) -> int:
    m = job.k.shape[1]
    return min(m, rows.stop + _ahead(job)) if job.causal else m


def _cuts(job: _Job) -> list[list[slice]]:
    (heads, rows, keys), sizes = _steps(job), (*job.q.shape[:2], job.k.shape[1])
    steps = heads, rows, max(rows, keys)  # as many keys as queries, if there are many
    return [_cut(0, size, step) for size, step in zip(sizes, steps, strict=True)]


def _cut(start: int, stop: int, step: int) -> list[slice]:
    return [slice(i, min(i + step, stop)) for i in range(start, stop, step)]


def _steps(job: _Job) -> tuple[int, int, int]:
    n, m = job.q.shape[1], job.k.shape[1]
    several = len(job.q) > 1
    most = _half(QUERIES) if several and job.causal else QUERIES  # less beyond the diagonal
    least = 2 if not several and job.threads > 1 else 1  # something for a second core
    tiles = max(-(-n // most), least)
    rows, keys = max(1, -(-n // tiles)), min(_half(KEYS) if job.causal else KEYS, m)
    return max(1, SCORES // (rows * keys)), rows, keys


def _half(size: int) -> int:
    return -(-size // 2)


# Products and cores.


def _rooms(job: _Job) -> list[_Room]:
    """A room for every core that has enough to do. The caller makes them all: the memory that a
    thread asks for itself is not always kept for the next."""
    return [_room(job) for _ in range(cores_for(job.threads))]


def _room(job: _Job) -> _Room:
    (heads, rows, keys), d, p = _steps(job), job.q.shape[-1], job.v.shape[-1]
    sizes = rows * keys, rows * keys, max(rows, keys) * max(d, p), rows * d
    return _Room(*(np.empty(min(heads, len(job.q)) * size, job.q.dtype) for size in sizes))


def _product(a: Array, b: Array, room: Array) -> Array:
    shape = (*a.shape[:2], b.shape[2])
    return np.matmul(a, b, out=room[: math.prod(shape)].reshape(shape))


def _read(w: Array, x: Array, room: Array) -> Array:
    """w @ x, where a weight of 0 reads nothing, not even NaN: as `combine` in attn.ops.products."""
    finite = np.isfinite(x).all(axis=-1, keepdims=True)
    if finite.all():
        return _product(w, x, room)
    out = _product(w, np.where(finite, x, 0), room)
    for g, j, _ in np.argwhere(~finite):
        w_j = w[g, :, j, None]
        out[g] += np.where(w_j == 0, 0, w_j * x[g, j])
    return out


def _of(trace: Trace, heads: slice, rows: slice) -> Trace:
    return Trace(*(x[heads, rows] for x in trace))


def _worthwhile(q: Array, v: Array) -> int:
    """How many threads have enough to do."""
    (g, n, d), (_, m, p) = q.shape, v.shape
    return max(1, g * n * m * (d + p) // WORTH_A_THREAD)
