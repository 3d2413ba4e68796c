"""All cores at once: threads that share out work, while BLAS keeps to one core for each of them."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

try:  # keeps BLAS from starting threads beside ours
    from threadpoolctl import ThreadpoolController
except ImportError:  # then we start none: BLAS alone uses the cores
    BLAS: Any = None
    CORES = 1
else:
    BLAS = ThreadpoolController().select(user_api="blas")
    CORES = max((library["num_threads"] for library in BLAS.info()), default=1)

IDLE_TIMEOUT = 0.1  # seconds; to start a thread takes ten times as long as to wake one that waits

Room = TypeVar("Room")
Task = TypeVar("Task")
Call: TypeAlias = Callable[[], None]
Results: TypeAlias = "SimpleQueue[BaseException | None]"
Calls: TypeAlias = "SimpleQueue[tuple[Call, Results]]"

# BLAS has one thread count for all: one caller at a time may change it and use the workers.
_lock = threading.Lock()
_workers: list[Calls] = []


def cores_for(threads: int) -> int:
    """How many cores to use when there is enough to do for this many threads."""
    return min(CORES, threads)


def on_all_cores(
    work: Callable[[Room, Iterator[Task]], None], rooms: list[Room], tasks: list[Task]
) -> None:
    """Let a core for each room take the next task until none is left; this thread is one of them.

    With one room BLAS keeps its threads. With more it gets one for each product, even if there is
    but one task: so the rounding of sums does not depend on the number of cores. Then other
    callers wait for their turn, and `work` may not call on_all_cores. If another thread of the
    program has set the number of BLAS's threads, threadpoolctl leaves it as it is: that is
    slower, not wrong.

    Raises: what a core raises; the tasks that are left are not begun.
    """
    if not rooms[1:]:
        work(rooms[0], iter(tasks))
        return
    queue, (mine, *theirs), sent = deque(tasks), rooms[: max(1, len(tasks))], 0
    results: Results = SimpleQueue()
    with _lock, BLAS.limit(limits=1):
        try:
            for calls, room in zip(_awake(len(theirs)), theirs, strict=True):
                calls.put((partial(_take_turns, work, room, queue), results))
                sent += 1
            _take_turns(work, mine, queue)
        finally:
            queue.clear()  # empty by now, unless something was raised
            raised = [error for _ in range(sent) if (error := results.get())]
    try:
        if raised:
            raise raised[0]
    finally:
        del raised  # else error, traceback and frame would keep each other alive, and all arrays


def _take_turns(work: Callable[..., None], room: Any, queue: deque[Any]) -> None:
    try:
        work(room, _taken(queue))
    except BaseException:
        queue.clear()  # nobody goes on
        raise


def _taken(queue: deque[Task]) -> Iterator[Task]:
    with suppress(IndexError):  # none is left
        while True:
            yield queue.popleft()


def _awake(count: int) -> list[Calls]:
    for _ in range(count - len(_workers)):
        calls: Calls = SimpleQueue()
        threading.Thread(target=_worker, args=(calls,), name="attn", daemon=True).start()
        _workers.append(calls)
    return _workers[:count]


def _worker(calls: Calls) -> None:
    """Answer calls, and end when none has come for a while."""
    for library in BLAS.lib_controllers:
        if library.internal_api == "mkl" or library.info().get("threading_layer") == "openmp":
            library.set_num_threads(1)  # these count threads per calling thread, not per process
    while True:
        try:
            call, results = calls.get(timeout=IDLE_TIMEOUT)
        except Empty:
            if _lock.acquire(blocking=False):  # so nobody is about to call
                with suppress(ValueError):  # interrupted while it was started: never in the list
                    _workers.remove(calls)
                _lock.release()
                return
        else:
            error = _error_of(call)
            del call  # before the caller goes on: its arrays are not to wait here
            results.put(error)
            del results, error


def _error_of(call: Call) -> BaseException | None:
    try:
        call()
    except BaseException as error:  # the caller raises it
        return error
    return None


def _reset_after_fork() -> None:
    # The child has no workers, and nobody would open the lock. (If it was forked in the midst of a
    # call, its BLAS stays at one thread.)
    global _lock
    _lock = threading.Lock()
    _workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
