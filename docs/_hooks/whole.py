"""Files that are there whole or not at all, whoever else writes them at the same time."""

import os
import threading
from pathlib import Path


def write(path: Path, content: str | bytes) -> None:
    """Put the content in place of what stood there; until it is complete, that stays.

    Raises: OSError if it cannot be written; then nothing has changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with draft.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
