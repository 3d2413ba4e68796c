import itertools

import numpy as np
import pytest

from attn.tools.optim import adam, sgd
from attn.tools.train import finish, train


def square(params, batch):
    x = params["x"] - batch
    return float(x @ x / 2), {"x": x}


START = {"x": np.array([3.0, 4.0])}


def test_each_step_yields_the_loss_before_it_and_the_parameters_after_it():
    steps = list(train(START, square, itertools.repeat(0.0), [0.1, 0.01], update=sgd))
    assert [loss for loss, _ in steps] == pytest.approx([12.5, (5 - 0.1) ** 2 / 2])
    np.testing.assert_allclose(steps[0][1]["x"], START["x"] * (1 - 0.1 / 5))  # clipped to 1
    np.testing.assert_array_equal(START["x"], [3.0, 4.0])


def test_training_goes_on_only_as_far_as_it_is_asked():
    batches = iter(range(5))
    steps = train(START, square, batches, [0.1] * 5)
    next(steps)
    next(steps)
    assert next(batches) == 2


def test_the_clip_is_an_argument():
    free = train(START, square, [0.0], [0.1], update=sgd, largest=np.inf)
    np.testing.assert_allclose(next(free)[1]["x"], START["x"] * 0.9)


def test_rates_of_numpy_do_not_widen_float32():
    start = {key: x.astype(np.float32) for key, x in START.items()}
    for update in (sgd, adam):
        (*_, (_, params)) = train(start, square, itertools.repeat(0.0), np.full(3, 0.1), update)
        assert params["x"].dtype == np.float32


def test_training_ends_with_its_rates():
    assert len(list(train(START, square, itertools.repeat(0.0), [0.1] * 7))) == 7
    assert list(train(START, square, [0.0], [])) == []


def test_finishing_gives_the_history_and_the_last_parameters():
    rates = [0.1, 0.1, 0.1]
    steps = list(train(START, square, itertools.repeat(0.0), rates))
    losses, params = finish(train(START, square, itertools.repeat(0.0), rates))
    np.testing.assert_array_equal(losses, np.float32([loss for loss, _ in steps]))
    np.testing.assert_array_equal(params["x"], steps[-1][1]["x"])
    with pytest.raises(ValueError, match="steps: expected at least one, got none"):
        finish([])
