import os
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest import mock

import numpy as np
import pytest

from attn.ops import cores
from attn.ops.cores import cores_for, on_all_cores


def workers_end():
    for thread in threading.enumerate():
        if thread.name == "attn":
            thread.join(timeout=5)
    return cores._workers == [] and all(t.name != "attn" for t in threading.enumerate())


def all_at_once(number):
    """Work that waits until every core has begun; it tells which threads did."""
    together, seen = threading.Barrier(number, timeout=60), []

    def work(room, tasks):
        seen.append(threading.current_thread())  # not its number, which the next one may get
        together.wait()
        room.extend(tasks)

    return work, seen


def test_every_core_works_and_each_task_is_done_once():
    work, seen = all_at_once(3)
    rooms = [[], [], []]
    on_all_cores(work, rooms, list(range(100)))
    assert len(set(seen)) == 3
    assert threading.current_thread() in seen, "the caller works, too"
    assert sorted(task for room in rooms for task in room) == list(range(100))


def test_nobody_is_called_without_a_task():
    work, seen = all_at_once(2)
    on_all_cores(work, [[], [], []], [0, 1])
    assert len(seen) == 2
    work, seen = all_at_once(1)
    on_all_cores(work, [[], [], []], [])
    assert seen == [threading.current_thread()]


def test_no_more_cores_than_there_are():
    with mock.patch.object(cores, "CORES", 3):
        assert [cores_for(threads) for threads in (1, 2, 3, 4, 99)] == [1, 2, 3, 3, 3]


# Workers.


def test_who_calls_again_soon_finds_the_same_workers():
    assert workers_end()
    found = []
    with mock.patch.object(cores, "IDLE_TIMEOUT", 3):
        for _ in range(3):
            work, seen = all_at_once(3)
            on_all_cores(work, [[], [], []], [0, 1, 2])
            found.append(set(seen))
    assert found[0] == found[1] == found[2]


def test_no_thread_is_left_behind():
    before = [t for t in threading.enumerate() if t.name != "attn"]
    work, _ = all_at_once(3)
    on_all_cores(work, [[], [], []], [0, 1, 2])
    assert workers_end()
    assert threading.enumerate() == before


def test_no_array_is_left_behind():
    work, _ = all_at_once(2)

    def with_array(array, room, tasks):
        work(room, tasks)

    array = np.zeros(3)
    left = weakref.ref(array)
    assert workers_end()
    with mock.patch.object(cores, "IDLE_TIMEOUT", 3):  # much longer than it may take
        on_all_cores(partial(with_array, array), [[], []], [0, 1])
    del array
    give_up = time.monotonic() + 1
    while left() is not None and time.monotonic() < give_up:
        time.sleep(0.001)
    assert left() is None


def test_no_call_is_lost_to_a_worker_that_leaves():
    done = []

    def call_at_any_moment():
        for i in range(300):
            rooms = [[], []]
            on_all_cores(lambda room, tasks: room.extend(tasks), rooms, [0, 1, 2])
            done.append(sorted(rooms[0] + rooms[1]))
            time.sleep(i % 10 * 4e-5)

    with mock.patch.object(cores, "IDLE_TIMEOUT", 1e-4):
        caller = threading.Thread(target=call_at_any_moment, daemon=True)
        caller.start()
        caller.join(timeout=30)  # whose call is lost waits for its result
    assert done == 300 * [[0, 1, 2]]
    assert workers_end()


def test_no_worker_leaves_while_somebody_may_be_about_to_call():
    with mock.patch.object(cores, "IDLE_TIMEOUT", 0.02):
        for _ in range(100):  # it may have left before the lock is ours
            on_all_cores(lambda room, tasks: room.extend(tasks), [[], []], [0, 1, 2])
            with cores._lock:
                if waiting := list(cores._workers):
                    time.sleep(0.2)
                    assert cores._workers == waiting
                    break
    assert waiting
    assert workers_end()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be forked here")
def test_a_forked_child_has_workers_of_its_own():
    program = """
import os, signal
from attn.ops import cores
def call():
    rooms = [], []
    cores.on_all_cores(lambda room, tasks: room.extend(tasks), rooms, [0, 1, 2])
    assert sorted(rooms[0] + rooms[1]) == [0, 1, 2]
cores.IDLE_TIMEOUT = 60
call()
cores._lock.acquire()  # as if another thread had called
child = os.fork()
if not child:
    signal.alarm(30)  # else it would outlive a test that fails
    cores.IDLE_TIMEOUT = 0.01
    call()
    print("done", flush=True)
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize(("number", "fails"), [(1, "here"), (3, "here"), (3, "elsewhere")])
def test_what_a_core_raises_reaches_the_caller(number, fails):
    begun, caller = [], threading.current_thread()

    def work(room, tasks):
        for task in tasks:
            begun.append(task)
            here = threading.current_thread() is caller
            if here == (fails == "here"):
                raise MemoryError("no room")
            time.sleep(0.001)

    with pytest.raises(MemoryError, match="no room"):
        on_all_cores(work, [[]] * number, list(range(1000)))
    assert len(begun) < 1000, "the tasks that are left are not begun"
    done = []
    on_all_cores(lambda room, tasks: done.extend(tasks), [[]] * number, [1, 2])
    assert sorted(done) == [1, 2], "and the next call finds all as it was"


# BLAS.


def threads_of_blas():
    return {library["num_threads"] for library in cores.BLAS.info()}


def note_threads(room, tasks):
    room.extend(threads_of_blas() for _ in tasks)


@pytest.mark.parametrize("tasks", [1, 8])
def test_where_all_cores_work_each_has_one_thread_of_blas(tasks):
    with cores.BLAS.limit(limits=2):
        rooms = [[], []]
        on_all_cores(note_threads, rooms, list(range(tasks)))
        assert rooms[0] + rooms[1] == [{1}] * tasks
        assert threads_of_blas() == {2}, "it has them back"


def test_where_one_core_works_blas_keeps_its_threads():
    with cores.BLAS.limit(limits=2):
        on_all_cores(note_threads, [room := []], [0, 1])
        assert room == [{2}, {2}]


def test_without_threadpoolctl_blas_alone_uses_the_cores():
    program = """
import sys
sys.modules["threadpoolctl"] = None  # as if it were not installed
from attn.ops.cores import cores_for, on_all_cores
on_all_cores(lambda room, tasks: room.extend(tasks), [room := []], [0, 1, 2])
print(cores_for(99), room)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "1 [0, 1, 2]\n", done.stderr


def test_who_sets_the_threads_of_blas_is_alone():
    """Else the second would find one thread, and leave one behind."""
    together, order = threading.Barrier(2, timeout=60), []

    def call(name):
        def work(room, tasks):
            for _ in tasks:
                order.append(name)
                time.sleep(0.01)

        together.wait()
        on_all_cores(work, [[], []], list(range(6)))

    before = threads_of_blas()
    with ThreadPoolExecutor(2) as callers:
        for future in [callers.submit(call, name) for name in "ab"]:
            future.result()
    assert "".join(order) in ("aaaaaabbbbbb", "bbbbbbaaaaaa")
    assert threads_of_blas() == before
