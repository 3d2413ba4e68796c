import numpy as np
import pytest

from attn.tools.algorithms import associative_recall, copy, priority_sort, repeat_copy


@pytest.fixture
def rng():
    return np.random.default_rng(0)


TASKS = {
    "copy": (lambda rng: copy(rng, 4, 50), 9, 4, 4, 8),
    "repeat": (lambda rng: repeat_copy(rng, 4, 3, 50), 9, 4, 13, 9),
    "recall": (lambda rng: associative_recall(rng, 5, 50), 8, 24, 3, 6),
    "sort": (lambda rng: priority_sort(rng, 7, 5, 50), 10, 7, 5, 8),
}


@pytest.mark.parametrize(("draw", "channels", "shown", "due", "bits"), TASKS.values(), ids=TASKS)
def test_the_output_counts_after_all_input(rng, draw, channels, shown, due, bits):
    x, y, mask = draw(rng)
    steps = shown + 1 + due
    assert (x.shape, y.shape) == ((50, steps, channels), (50, steps, bits))
    assert {x.dtype, y.dtype} == {np.dtype(np.float32)}
    assert (mask == (np.arange(steps) > shown)).all()
    assert x[:, shown].any(axis=1).all()
    assert not x[:, shown + 1 :].any()
    assert not y[:, : shown + 1].any()


@pytest.mark.parametrize("task", TASKS)
def test_the_same_generator_draws_the_same(task):
    first, second, other = (TASKS[task][0](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first.x, other.x)


def test_bits_are_fair_and_there_are_no_others(rng):
    x = copy(rng, 20, 200).x[:, :20, :8]
    assert set(np.unique(x)) == {0, 1}
    assert x.mean() == pytest.approx(0.5, abs=0.02)


def test_copy_asks_for_what_it_showed(rng):
    x, y, mask = copy(rng, 3, 2, bits=4)
    for k in range(2):
        assert y[k, mask[k]].tolist() == x[k, :3, :4].tolist()
    assert x[..., 4].tolist() == [[0, 0, 0, 1, 0, 0, 0]] * 2


def test_repeat_copy_repeats_and_ends(rng):
    x, y, mask = repeat_copy(rng, 2, 3, 1, bits=4)
    expected = [*x[0, :2, :4].tolist() * 3, [0, 0, 0, 0]]
    assert y[0, mask[0], :4].tolist() == expected
    assert y[0, mask[0], 4].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_the_number_of_repeats_has_mean_0_and_variance_1_over_1_to_10(rng):
    told = [repeat_copy(rng, 1, n, 1).x[0, 1, 8] for n in range(1, 11)]
    assert np.mean(told) == pytest.approx(0, abs=1e-6)
    assert np.var(told) == pytest.approx(1)
    assert np.diff(told).min() > 0


def test_recall_asks_for_the_item_after_the_one_shown_again(rng):
    x, y, mask = associative_recall(rng, 4, 100)
    asked = set()
    for k in range(100):
        items = [x[k, 4 * i + 1 : 4 * i + 4, :6].tolist() for i in range(4)]
        query = x[k, 17:20, :6].tolist()
        q = items.index(query)
        asked.add(q)
        assert y[k, mask[k]].tolist() == items[q + 1]
    assert asked == {0, 1, 2}
    assert np.flatnonzero(x[0, :, 6]).tolist() == [0, 4, 8, 12]
    assert np.flatnonzero(x[0, :, 7]).tolist() == [16, 20]


def test_sort_puts_out_the_highest_priorities_first(rng):
    x, y, mask = priority_sort(rng, 6, 4, 20)
    for k in range(20):
        ranked = sorted(x[k, :6, :9].tolist(), key=lambda row: row[-1], reverse=True)
        assert y[k, mask[k]].tolist() == [v for *v, _ in ranked[:4]]
    assert x[:, :6, 8].min() < -0.8
    assert x[:, :6, 8].max() > 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: copy(r, 0, 1), "length: expected at least 1, got 0"),
        (lambda r: copy(r, 1, 1, bits=0), "bits: expected at least 1, got 0"),
        (lambda r: repeat_copy(r, 1, 0, 1), "repeats: expected at least 1, got 0"),
        (lambda r: associative_recall(r, 1, 1), "items: expected at least 2, got 1"),
        (lambda r: priority_sort(r, 3, 4, 1), "vectors: expected at least 4, got 3"),
    ],
)
def test_numbers_that_make_no_task_are_refused(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng)
