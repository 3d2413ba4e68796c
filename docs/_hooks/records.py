"""Recorded runs: small arrays in a .npz, with what made them; any other file is no record."""

import hashlib
import io
import json
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from _hooks import whole
from _hooks.errors import BuildError

Run = dict[str, NDArray[Any]]
RESERVED = {"about", "file", "allow_pickle"}  # the last two: arguments of numpy.savez


class RecordError(Exception):
    """Why a file is no record; whoever meets it trains again."""


class Record(NamedTuple):
    """A finished run, what it measured, and the code, versions and machine that made it."""

    key: str
    seed: int
    run: Run
    measured: dict[str, float]
    seconds: float
    python: str
    numpy: str
    machine: str
    digest: str


def digest(run: Run, measured: dict[str, float]) -> str:
    """SHA-256 over the results alone; a zip file's own checks do not cover the names in it."""
    sha = hashlib.sha256(repr(sorted(measured.items())).encode())
    for name, array in sorted(run.items()):
        sha.update(f"{name}{array.dtype.str}{array.shape}".encode() + array.tobytes())
    return sha.hexdigest()


def made(key: str, seed: int, run: Run, measured: dict[str, float], seconds: float) -> Record:
    """The record of a run that was made here."""
    machine = f"{platform.machine()}, {os.cpu_count()} processors"
    made_with = (platform.python_version(), np.__version__, machine)
    took = max(round(float(seconds), 2), 0.01)
    return Record(key, seed, run, measured, took, *made_with, digest(run, measured))


def save(path: Path, record: Record) -> None:
    """Write the record whole or not at all: whatever stood there stays until it is complete."""
    about = {k: v for k, v in record._asdict().items() if k != "run"}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, about=np.array(json.dumps(about)), **record.run)  # type: ignore[arg-type]
    try:
        whole.write(path, buffer.getvalue())
    except OSError as error:
        message = f"cannot be written ({error.strerror}); earlier records are intact"
        raise BuildError(message, path) from error


def load(path: Path) -> Record:
    """The record in `path`, read without pickle; RecordError says what is wrong with it."""
    try:
        changed = path.stat()
    except OSError as error:
        raise RecordError("there is no record yet") from error
    return _load(path, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=256)
def _load(path: Path, _changed: int, _size: int) -> Record:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            run = {name: file[name] for name in file.files}
        return _checked(Record(run=run, **json.loads(str(run.pop("about")))))
    except Exception as error:  # there are more ways to damage a file than exceptions to name
        raise RecordError(f"the record cannot be read ({type(error).__name__}: {error})") from error


def _checked(record: Record) -> Record:
    if record.digest != digest(record.run, record.measured):
        raise ValueError("its digest does not fit")
    if "loss" not in record.run or not isinstance(record.seconds, float):
        raise ValueError("it lacks its loss or its duration")
    for array in record.run.values():
        array.flags.writeable = False  # it is shared by all who ask for it
    return record
