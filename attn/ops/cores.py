"""All cores at once: threads that share out work, while BLAS keeps to one core for each of them."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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

LINGER = 0.1  # seconds; to start a thread takes ten times as long as to wake one that waits

Room = TypeVar("Room")
Task = TypeVar("Task")
Answers: TypeAlias = "SimpleQueue[BaseException | None]"
Errands: TypeAlias = "SimpleQueue[tuple[Callable[[], None], Answers]]"

# BLAS has one number of threads for all: only one caller may change it, and call the helpers.
_alone = threading.Lock()
_helpers: list[Errands] = []


def cores_for(threads: int) -> int:
    """How many cores to use where so many threads have enough to do."""
    return min(CORES, threads)


def on_all_cores(
    work: Callable[[Room, Iterator[Task]], None], rooms: list[Room], tasks: list[Task]
) -> None:
    """Let a core for each room take the next task until none is left; this thread is one of them.

    With one room BLAS keeps its threads. With more it gets one for each product, even if there is
    but one task: so how sums are rounded does not depend on the number of cores.

    Raises: what a core raises; the tasks that are left are not begun.
    """
    if not rooms[1:]:
        work(rooms[0], iter(tasks))
        return
    queue, (mine, *theirs) = deque(tasks), rooms[: max(1, len(tasks))]
    answers: Answers = SimpleQueue()
    with _one_core_each():
        for errands, room in zip(_awake(len(theirs)), theirs, strict=True):
            errands.put((partial(_take_turns, work, room, queue), answers))
        try:
            _take_turns(work, mine, queue)
        finally:
            raised = [answers.get() for _ in theirs]
    for error in filter(None, raised):
        raise error


def _awake(count: int) -> list[Errands]:
    for _ in range(count - len(_helpers)):
        _helpers.append(SimpleQueue())
        threading.Thread(target=_help, args=_helpers[-1:], name="attn", daemon=True).start()
    return _helpers[:count]


def _take_turns(work: Callable[..., None], room: Any, queue: deque[Any]) -> None:
    try:
        work(room, _taken(queue))
    finally:
        queue.clear()  # empty by now, unless something was raised: then nobody goes on


def _taken(queue: deque[Task]) -> Iterator[Task]:
    with suppress(IndexError):  # none is left
        while True:
            yield queue.popleft()


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Keep BLAS to the core that asks it for a product; who wants the same meanwhile, waits."""
    with _alone, BLAS.limit(limits=1):
        yield


def _help(errands: Errands) -> None:
    """Run errands, and end when none has come for a while."""
    BLAS.limit(limits=1)  # where the number is each thread's, not the process's, as in OpenMP
    while True:
        try:
            errand, answers = errands.get(timeout=LINGER)
        except Empty:
            if _alone.acquire(blocking=False):  # so nobody is about to send one
                _helpers.remove(errands)
                _alone.release()
                return
        else:
            answers.put(_raised_by(errand))
            del errand, answers  # the caller's arrays are not to wait here with us


def _raised_by(errand: Callable[[], None]) -> BaseException | None:
    try:
        errand()
    except BaseException as error:  # the caller raises it
        return error
    return None


def _begin_anew() -> None:
    # In a child process that was forked, there are no helpers, and nobody will open the lock.
    global _alone
    _alone = threading.Lock()
    _helpers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
