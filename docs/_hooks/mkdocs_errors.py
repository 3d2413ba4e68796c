"""How MkDocs is told of a defect in the book."""

from collections.abc import Iterator
from contextlib import contextmanager

from mkdocs.exceptions import Abort

from _hooks.errors import BuildError


@contextmanager
def told() -> Iterator[None]:
    """MkDocs prints an Abort without a traceback and exits with 1."""
    try:
        yield
    except BuildError as error:
        raise Abort(f"\n{error}") from error
