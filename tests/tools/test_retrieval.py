import itertools

import numpy as np
import pytest

from attn.tools.retrieval import batch, batches


@pytest.fixture
def lists():
    return batch(np.random.default_rng(0), 500, cells=5, items=7, classes=3)


def test_a_list_holds_each_item_once(lists):
    assert all(len(set(row)) == 5 for row in lists.x.tolist())
    assert set(lists.x.ravel().tolist()) == set(range(7))


def test_the_answer_is_the_class_of_the_item_asked_for(lists):
    for x, z, q, y in zip(lists.x, lists.z, lists.q, lists.y, strict=True):
        assert [z[j] for j in range(5) if x[j] == q] == [y]


def test_every_cell_is_asked_for(lists):
    cells = (lists.x == lists.q[:, None]).argmax(axis=1)
    assert set(cells.tolist()) == set(range(5))


def test_batches_do_not_repeat():
    first, second = itertools.islice(batches(np.random.default_rng(0), 9, 5, 7, 3), 2)
    assert not np.array_equal(first.x, second.x)


@pytest.mark.parametrize("cells", [0, 8])
def test_more_cells_than_items_are_refused(cells):
    with pytest.raises(ValueError, match=f"cells: expected 1 to 7, .* got {cells}"):
        batch(np.random.default_rng(0), 5, cells, items=7, classes=3)
