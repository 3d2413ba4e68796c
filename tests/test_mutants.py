"""The tests are tested: each of these mistakes, made on purpose in a copy of attn, is noticed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What is wrong, in which file of attn, and the test that must notice. Then what stands there (-)
# and what is put in its place (+).
MUTANTS = """
scaled by the wrong length | ops/scores.py | ops/test_scores.py::test_scores_are_the_sum_in_the_paper
- e / math.sqrt(q.shape[-1])
+ e / math.sqrt(q.shape[-2])

not scaled at all | ops/scores.py | ops/test_scores.py::test_scaling_keeps_the_variance_at_one
- return e / math.sqrt(q.shape[-1])
+ return e

scaled for all heads at once | mechanisms/heads.py | mechanisms/test_heads.py::test_scale_is_sqrt_dk_per_head
- alpha = attention(q,
+ alpha = attention(q / heads**0.5,

float32 becomes float64 | ops/scores.py | test_package.py::test_float32_stays_float32
- / math.sqrt(
+ / np.sqrt(

a mask inverted | ops/softmax.py | ops/test_softmax.py::test_mask_true_means_allowed
- return _masked_softmax(e, mask)
+ return _masked_softmax(e, ~mask)

a fully masked row is uniform | ops/softmax.py | ops/test_softmax.py::test_all_masked_row_is_zero
- np.where(mask, z / np.maximum(total, 1), 0)
+ z / z.sum(axis=-1, keepdims=True)

large scores overflow | ops/softmax.py | ops/test_softmax.py::test_softmax_large_scores_finite
- np.exp(_below_peak(e))
+ np.exp(e)

infinite scores are NaN | ops/softmax.py | ops/test_softmax.py::test_infinite_scores_follow_the_limit
- if np.isfinite(peak).all():
+ if True:

padding counts in the mean | ops/softmax.py | ops/test_softmax.py::test_cross_entropy_is_the_mean_surprise_of_the_kept_targets
- / max(int(kept.sum()), 1)
+ / kept.size

a float mask is taken | ops/checks.py | ops/test_softmax.py::test_float_mask_rejected
- mask.dtype != bool
+ False

the future leaks | ops/masks.py | mechanisms/test_attention.py::test_future_token_cannot_leak
- np.tri(n, m, m - n,
+ np.tri(n, m, m - n + 1,

one pad is seen | ops/masks.py | mechanisms/test_attention.py::test_pad_rows_change_nothing
- np.arange(m) <
+ np.arange(m) <=

NaN is read with weight 0 | ops/products.py | mechanisms/test_attention.py::test_pad_value_irrelevant
- if np.isfinite(v).all():
+ if True:

a gradient off by 1 % | ops/products.py | mechanisms/test_attention.py::test_gradcheck_attention
- return dc @ v.mT,
+ return 1.01 * dc @ v.mT,

a bias's gradient off by 1 % | ops/layers.py | ops/test_layers.py::test_gradcheck_linear
- as_rows(dy).sum(axis=0)
+ 1.01 * as_rows(dy).sum(axis=0)

two gradients exchanged | ops/scores.py | test_package.py::test_documented_shapes_are_true
- return combine(de, k), combine(de.mT, q)
+ return combine(de.mT, q), combine(de, k)

one slab of gradients replaces another | ops/scores.py | ops/test_scores.py::test_a_hidden_layer_in_slabs_scores_the_same
- dy[j] += dt.sum
+ dy[j] = dt.sum

the slope of tanh | ops/scores.py | ops/test_scores.py::test_gradcheck_scores
- np.subtract(1, dt, out=dt)
+ np.subtract(1, 2 * dt, out=dt)

a loud number that nobody looks for | ops/scores.py | ops/test_scores.py::test_a_hidden_layer_does_not_overflow
- and z.max() < limit:
+ or z.max() < limit:

a loud query with exponentials that overflow | ops/scores.py | ops/test_scores.py::test_a_hidden_layer_does_not_overflow
- initial=0) < limit)
+ initial=0) < 4 * limit)

no ε under the root | ops/scores.py | mechanisms/test_addressing.py::test_ntm_zero_norm_memory_finite
- + EPS)
+ + 0)

sine for cosine | ops/positions.py | ops/test_positions.py::test_sinusoids_are_the_formula_of_the_paper
- column % 2 == 0
+ column % 2 == 1

turned on, not back | ops/positions.py | ops/test_positions.py::test_gradcheck_rotary
- _turn(dy, -
+ _turn(dy, +

the baseline added | mechanisms/hard.py | mechanisms/test_hard.py::test_reinforce_is_the_sum_in_the_paper
- R - np.asarray(b, R.dtype)
+ R + np.asarray(b, R.dtype)

sampling by arg-max | mechanisms/hard.py | mechanisms/test_hard.py::test_draws_are_as_frequent_as_they_weigh
- (edges <= u).sum(axis=-1)
+ (edges < u).sum(axis=-1) * 0 + alpha.argmax(axis=-1)[..., None]

a draw in its own baseline | mechanisms/hard.py | mechanisms/test_hard.py::test_leave_one_out_unbiased_by_enumeration
- others = R.sum(axis=-1, keepdims=True) - R
+ others = R.sum(axis=-1, keepdims=True) + 0 * R

the temperature forgotten | mechanisms/hard.py | mechanisms/test_hard.py::test_gradcheck_gumbel_softmax
- return softmax_backward(dy, y) / float(tau)
+ return softmax_backward(dy, y)

a coin for each draw | mechanisms/hard.py | mechanisms/test_hard.py::test_half_of_the_rows_are_read_by_expectation
- rng.random((*s.shape[:-1], 1)) < p
+ rng.random(s.shape) < p

heads interleaved | mechanisms/heads.py | mechanisms/test_heads.py::test_heads_are_attentions_side_by_side
- x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads), -2, -3)
+ x.reshape(*x.shape[:-1], -1, heads).mT, -2, -3)

what was added up does not shrink | mechanisms/tiled.py | mechanisms/test_tiled.py::test_online_softmax_equals_naive
- sums.total[...] *= shrink
+ sums.total[...] *= 1

one key too many on the diagonal | mechanisms/tiled.py | mechanisms/test_tiled.py::test_future_token_cannot_leak
- lag - 1, dtype=bool
+ lag - 2, dtype=bool

a round for each key of a single query | mechanisms/tiled.py | mechanisms/test_tiled.py::test_few_queries_meet_many_keys_at_once
- max(rows, keys)  # as
+ rows  # as

the rest goes on after an error | ops/cores.py | ops/test_cores.py::test_what_a_core_raises_reaches_the_caller
- queue.clear()  # nobody
+ pass  # nobody

two cores add to the same rows | mechanisms/tiled.py | mechanisms/test_tiled.py::test_no_two_tiles_of_a_round_add_to_the_same_rows
- (i + t) % rounds
+ t % rounds

a thread for little work | mechanisms/tiled.py | mechanisms/test_tiled.py::test_no_thread_works_where_there_is_little_to_do
- cores_for(job.threads)
+ cores_for(99)

threads of BLAS beside ours | ops/cores.py | ops/test_cores.py::test_where_all_cores_work_each_has_one_thread_of_blas
- _lock, BLAS.limit(limits=1)
+ _lock, BLAS.limit(limits=2)

a core of two where nobody else works | ops/cores.py | ops/test_cores.py::test_where_one_core_works_blas_keeps_its_threads
- if not rooms[1:]:
+ if not rooms:

a call to a worker that has left | ops/cores.py | ops/test_cores.py::test_no_worker_leaves_while_somebody_may_be_about_to_call
- if _lock.acquire(blocking=False):
+ if _lock.acquire(blocking=False) or _workers:

a worker that keeps what it worked on | ops/cores.py | ops/test_cores.py::test_no_array_is_left_behind
- del call  #
+ pass  #

a worker that never leaves | ops/cores.py | ops/test_cores.py::test_no_thread_is_left_behind
- get(timeout=IDLE_TIMEOUT)
+ get()

workers that did not come along | ops/cores.py | ops/test_cores.py::test_a_forked_child_has_workers_of_its_own
- _workers.clear()
+ pass

a lock that nobody opens | ops/cores.py | ops/test_cores.py::test_a_forked_child_has_workers_of_its_own
- global _lock
+ pass

weights that were not divided | mechanisms/tiled.py | mechanisms/test_tiled.py::test_gradcheck_tiled
- w *= (1 / _divisor(sums.total))
+ w *= (0 / _divisor(sums.total) + 1)

weights below the least normal number | mechanisms/tiled.py | mechanisms/test_tiled.py::test_no_weight_is_subnormal
- w += coarse
+ coarse = 0

a weight that never is 0 | mechanisms/tiled.py | mechanisms/test_tiled.py::test_no_weight_is_subnormal
- np.log(2 * info.tiny)
+ np.log(99 * info.tiny)

a mask for the batch counts once | models/transformer.py | models/test_transformer.py::test_a_mask_may_leave_out_the_batch
- kept = full_mask(kept, x.shape, "kept")
+ full_mask(kept, x.shape, "kept")

a mask for the batch lands on the heads | models/encoder_decoder.py | models/test_encoder_decoder.py::test_masks_may_leave_out_the_batch
- full_mask(x_mask, shape, "x_mask")[
+ x_mask[

a mask for the batch lands on the draws | models/glimpse.py | models/test_glimpse.py::test_a_mask_may_leave_out_the_batch
- full_mask(mask, e.shape)[
+ mask[

a norm that is no number clips nothing | tools/optim.py | tools/test_optim.py::test_clipping_sees_what_is_huge_and_what_is_no_number
- if norm <= largest
+ if not norm > largest

a norm that overflows | tools/optim.py | tools/test_optim.py::test_clipping_sees_what_is_huge_and_what_is_no_number
- dtype=np.float64
+ dtype=g.dtype

the doubt that is left is rounded away | ops/bits.py | ops/test_bits.py::test_a_sure_and_right_bit_costs_what_is_left_of_doubt
- np.maximum(logits, 0) - bits * logits + rest
+ np.maximum(logits, 0) + rest - bits * logits

an infinite value loses its sign | ops/products.py | ops/test_products.py::test_what_is_not_finite_adds_up_as_in_the_sum
- neginf=-1.0
+ neginf=1.0

two callers set the threads of BLAS | ops/cores.py | ops/test_cores.py::test_who_sets_the_threads_of_blas_is_alone
- with _lock, BLAS
+ with BLAS

a trace that nobody checks | mechanisms/tiled.py | mechanisms/test_tiled.py::test_a_trace_with_other_leading_axes_is_refused
- q, trace.peak, trace.total)
+ q, trace.total, trace.total)

a draw that adds up in half precision | mechanisms/hard.py | mechanisms/test_hard.py::test_each_of_many_positions_is_drawn_whatever_the_precision
- axis=-1, dtype=np.float64)
+ axis=-1)

the bias before the scale | mechanisms/biased.py | mechanisms/test_biased.py::test_the_bias_is_added_to_the_scaled_scores
- scaled_dot(q, k)
+ scaled_dot(q, k) + (1 / q.shape[-1] ** 0.5 - 1) * bias

a stretched bias that gets the mean | mechanisms/biased.py | mechanisms/test_biased.py::test_gradcheck_biased_attention
- x.sum(axis=stretched,
+ x.mean(axis=stretched,

a slope off by one head | ops/places.py | ops/test_places.py::test_slopes_are_the_geometric_sequence_of_the_paper
- np.arange(1, H + 1)
+ np.arange(H)

slopes in between that are not | ops/places.py | ops/test_places.py::test_other_counts_take_every_other_slope_of_twice_the_power_below
- np.arange(heads - H) + 0.5
+ np.arange(heads - H) + 1.5

unsigned distances | ops/places.py | ops/test_places.py::test_alibi_takes_the_slope_times_the_distance
- t.astype(np.int64) for t in
+ t for t in

a position that counts once | ops/places.py | ops/test_places.py::test_gradcheck_learned
- dy.sum(axis=tuple(range(dy.ndim - 2)))
+ dy.mean(axis=tuple(range(dy.ndim - 2)))

heads dealt out to groups in turn | mechanisms/heads.py | mechanisms/test_heads.py::test_each_group_of_heads_attends_to_its_own_keys_and_values
- return x.reshape(*lead, heads // r, r * n, d)
+ return x.reshape(*lead, r, heads // r, n, d).swapaxes(-4, -3).reshape(*lead, heads // r, r * n, d)

a mask for the first head of a group alone | mechanisms/heads.py | mechanisms/test_heads.py::test_the_mask_is_the_same_for_all_grouped_heads
- np.tile(mask, (r, 1))
+ np.repeat(mask, r, axis=-2)

the gate reversed | mechanisms/addressing.py | mechanisms/test_addressing.py::test_ntm_gate_zero_keeps_previous
- g * w_c + (1 - g) * w_prev
+ (1 - g) * w_c + g * w_prev

a shift that falls off the end | mechanisms/addressing.py | mechanisms/test_addressing.py::test_ntm_shift_is_circular
- mode="wrap"
+ mode="clip"

a shift the other way | mechanisms/addressing.py | mechanisms/test_addressing.py::test_shift_is_the_circular_sum_of_the_paper
- range(-r, r + 1)
+ range(r, -r - 1, -1)

added, then erased | mechanisms/addressing.py | mechanisms/test_addressing.py::test_ntm_erase_then_add_order
- return erased + _outer(w, a)
+ return (M + _outer(w, a)) * (1 - _outer(w, e))

added by all heads, then erased | mechanisms/addressing.py | mechanisms/test_addressing.py::test_write_heads_all_erase_then_all_add
- math.prod(_kept(w, e), start=M) + _spread(w, a)
+ math.prod(_kept(w, e), start=M + _spread(w, a))

a power that underflows | mechanisms/addressing.py | mechanisms/test_addressing.py::test_sharpening_survives_any_power
- softmax(gamma[..., None] * np.log(w_s))
+ (w_s ** gamma[..., None]) / (w_s ** gamma[..., None]).sum(axis=-1, keepdims=True)

read before it is written | models/ntm.py | models/test_ntm.py::test_the_loss_is_that_of_the_papers_equations
- read_heads(w[:, : size.reads], M)
+ read_heads(w[:, : size.reads], state.M)

the heads forget where they were | models/ntm.py | models/test_ntm.py::test_gradcheck_ntm
- dw = dafter.w + np.concatenate(
+ dw = np.concatenate(

a wrong documented shape | ops/scores.py | test_package.py::test_documented_shapes_are_true
- -> e (..., n, m)
+ -> e (..., m, n)

a wrong documented shape in a model | models/seq2seq.py | test_package.py::test_models_work_in_the_documented_shapes_in_float32_throughout
- -> h (b, T_x, 2n)
+ -> h (b, T_x, n)

the current decoder state | models/seq2seq.py | models/test_seq2seq.py::test_previous_state_used_for_bahdanau
- attend(params, h, Uh, x_mask, s)
+ attend(params, h, Uh, x_mask, gru_step(a_y, s, params["U_y"], params["U_yh"])[0])

the previous decoder state for Luong | models/luong.py | models/test_luong.py::test_current_state_used_for_luong
- c, alpha = attend(params, look, s, h, x_mask)
+ c, alpha = attend(params, look, s_prev, h, x_mask)

no input feeding | models/luong.py | models/test_luong.py::test_what_was_seen_is_fed_to_the_next_step
- a = a_y + out_prev @ params["F_y"]
+ a = a_y + 0 * out_prev @ params["F_y"]

a location that sees the keys | mechanisms/luong.py | mechanisms/test_luong.py::test_location_score_ignores_keys
- softmax(location(q, W_a[:, :m]), mask)
+ softmax(location(q, W_a[:, :m]) + k.mean(axis=-1)[..., None, :], mask)

a hard window called local-p | mechanisms/local.py | mechanisms/test_local.py::test_local_p_sends_a_gradient_to_the_place
- softmax(e, _inside(e, p, D, mask)) * _gaussian(e, p, D)
+ softmax(e, _inside(e, p, D, mask))

padding moves the place | mechanisms/local.py | mechanisms/test_local.py::test_pad_rows_change_nothing
- full_mask(mask, e.shape).sum
+ full_mask(None, e.shape).sum

an adversary that may change the words | models/adversary.py | models/test_adversary.py::test_gradcheck_adversary_with_padding
- dlogits = frozen.cost *
+ dlogits = 0 *

the norm inside a post-norm block | models/blocks.py | models/test_blocks.py::test_post_norm_is_the_papers
- y, norm = normalize(y, gamma, beta)
+ y, norm = y - x + normalize(x, gamma, beta)[0], normalize(x, gamma, beta)[1]

a residual that sends nothing back | models/blocks.py | models/test_blocks.py::test_gradcheck_stack
- dx += dy
+ dx += 0 * dy

a cache that forgets the last token | models/blocks.py | models/test_transformer.py::test_a_cache_writes_the_same_tokens
- np.concatenate(pair, axis=-2)
+ np.concatenate([pair[0][..., :-1, :], pair[0][..., :1, :], pair[1]], axis=-2)

a cache that starts to count anew | models/transformer.py | models/test_transformer.py::test_a_cache_writes_the_same_tokens
- embed(params, x, design.positions, before)
+ embed(params, x, design.positions, 0)

a tied table with one gradient | models/transformer.py | models/test_transformer.py::test_the_gradient_of_a_tied_table_is_the_sum
- "E": grads["E"] + dE}
+ "E": grads["E"]}

the slope of gelu | ops/activations.py | ops/test_activations.py::test_gradcheck_gelu
- dx *= 6 * SLOPE * CUBIC
+ dx *= 2 * SLOPE * CUBIC

a layer that does not ask the source | models/encoder_decoder.py | models/test_encoder_decoder.py::test_gradcheck_encoder_decoder_with_padding
- grads.pop("memory").sum(axis=0)
+ grads.pop("memory")[0]

the decoder sees the word that it must write | models/encoder_decoder.py | models/test_encoder_decoder.py::test_future_token_cannot_leak
- before(y), parts
+ y, parts

no softmax in the memory network | mechanisms/lookup.py | models/test_memnet.py::test_the_loss_is_the_papers_sum
- p = softmax(score(q, k), mask)
+ p = score(q, k)

every hop searches the first table | models/memnet.py | models/test_memnet.py::test_memn2n_adjacent_tying
- list(pairwise(range(len(E))))
+ [(0, k) for k in range(1, len(E))]

the answer does not teach the last table | models/memnet.py | models/test_memnet.py::test_gradcheck_memn2n
- dC[-1] += d.W.T
+ dC[-1] += 0

what was asked is forgotten | models/memnet.py | models/test_memnet.py::test_the_loss_is_the_papers_sum
- return (u if H is None else project(u, H)) + o[:, 0]
+ return 0 * u + o[:, 0]

time runs backward | models/memnet.py | models/test_memnet.py::test_the_time_of_a_fact_is_its_distance_from_the_question
- tables.T[:, None, : x.shape[1]]
+ tables.T[:, None, : x.shape[1]][:, :, ::-1]

places counted from 0 | ops/bags.py | ops/test_bags.py::test_memn2n_position_encoding_formula
- np.arange(1, x.shape[-1] + 1) / J
+ np.arange(x.shape[-1]) / J

places of padding counted too | ops/bags.py | ops/test_bags.py::test_room_for_more_words_changes_the_variant_and_not_the_paper
- J = np.maximum((x != 0).sum(axis=-1, keepdims=True), 1)
+ J = x.shape[-1]

the worse of two facts is kept | models/memnn.py | models/test_memnn.py::test_find_keeps_the_better_of_two_facts_in_the_order_they_were_told
- (s < 0)
+ (s > 0)

what was found is forgotten | models/memnn.py | models/test_memnn.py::test_find_keeps_the_better_of_two_facts_in_the_order_they_were_told
- u = u + found[np.arange(len(x)), o[-1]]
+ u = 1 * u

only one side of a pair is ranked | models/memnn.py | models/test_memnn.py::test_the_loss_is_the_papers_sum
- late_1 * gap_1 + late_2 * gap_2
+ late_1 * gap_1

an upward import | ops/masks.py | test_package.py::test_imports_point_down_the_reading_order
- from attn.ops.checks
+ import attn.ops.scores; from attn.ops.checks
"""  # noqa: E501

# A child for each, of one process that has loaded NumPy and pytest: to load them anew would take a
# minute, and what one leaves behind is not to fail the next.
RUN = """
import json, os, sys, numpy, pytest
for name, tests in json.load(sys.stdin).items():
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    folder = os.path.join(sys.argv[1], name)
    os.chdir(folder)
    sys.path[0] = folder
    options = ["-qx", "-p", "no:cacheprovider", "--rootdir", folder]
    code = pytest.main(options + ["tests/" + test for test in tests])
    print(json.dumps([name, int(code)]), file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(0)
"""
UNTOUCHED = "nothing is wrong"  # in this copy all tests pass


def copy(folder, tests):
    """Copy the package, the tests, and what they share with those beside them."""
    shutil.copytree(ROOT / "attn", folder / "attn", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for test in {Path("tests", test.split("::")[0]) for test in tests}:
        (folder / test).parent.mkdir(parents=True, exist_ok=True)
        for source in [ROOT / "tests/conftest.py", *(ROOT / test).parent.glob("*.py")]:
            if source == ROOT / test or not source.name.startswith("test_"):
                shutil.copy(source, folder / source.relative_to(ROOT))


def test_mutants_are_killed(tmp_path):
    noticed_by = {}
    for mutant in MUTANTS.strip().split("\n\n"):
        (name, file, test), old, new = mutant.splitlines()[0].split(" | "), *mutant.splitlines()[1:]
        copy(tmp_path / name, [test])
        path, old, new = tmp_path / name / "attn" / file, old[2:], new[2:]
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no more {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")
        noticed_by[name] = [test]
    noticed_by[UNTOUCHED] = sorted({test for [test] in noticed_by.values()})
    copy(tmp_path / UNTOUCHED, noticed_by[UNTOUCHED])
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)],
        input=json.dumps(noticed_by),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    codes = dict(json.loads(line) for line in done.stderr.splitlines() if line.startswith("["))
    assert codes.keys() == noticed_by.keys()
    assert codes.pop(UNTOUCHED) == pytest.ExitCode.OK, done.stdout
    survivors = {name: code for name, code in codes.items() if code != pytest.ExitCode.TESTS_FAILED}
    assert survivors == {}, done.stdout
