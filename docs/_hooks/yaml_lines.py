"""YAML that remembers its lines, so that a message can name the place to mend."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import yaml

from _hooks.errors import BuildError

T = TypeVar("T")


class Mapping(dict[Any, Any]):
    """A dict that knows the line of each of its keys, and its own."""

    line: int
    lines: dict[Any, int]


class Sequence(list[Any]):
    """A list that knows the line of each of its items, and its own."""

    line: int
    lines: dict[Any, int]


def load(path: Path | str) -> Any:
    """The data of the YAML file `path`; whatever is wrong with it is a BuildError with its line."""
    try:
        text = Path(path).read_text("utf-8")
        return yaml.load(text, _Loader)
    except OSError as error:
        raise BuildError(f"cannot be read: {error.strerror}", path) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BuildError("is not UTF-8", path, line) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise BuildError(f"not valid YAML: {error.reason}", path, line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = mark.line + 1 if mark else None
        raise BuildError(f"not valid YAML: {error.problem}", path, where) from error


def kept(read: Callable[..., T]) -> Callable[..., T]:
    """Make `read(path=...)` read again only when the file has changed, as under a server."""
    default = (read.__defaults__ or (None,))[0]

    @lru_cache(maxsize=8)
    def at(path: Path, _changed: int) -> T:
        return read(path)

    @wraps(read)
    def current(path: Path | None = None) -> T:
        found = Path(path or str(default))
        return at(found, found.stat().st_mtime_ns if found.exists() else 0)

    return current


def line_of(data: Any, key: Any = None) -> int | None:
    """The line of `key` (in a list: of that item); without one, the line of `data` itself."""
    line = getattr(data, "line", None)
    return getattr(data, "lines", {}).get(key, line)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader; its mappings refuse a key twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Mapping:
    lines: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, Hashable) and key in lines:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands here twice", key_node.start_mark
            )
        if isinstance(key, Hashable):
            lines[key] = key_node.start_mark.line + 1
    data = Mapping(loader.construct_mapping(node, deep=True))
    data.line, data.lines = node.start_mark.line + 1, lines
    return data


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> Sequence:
    data = Sequence(loader.construct_sequence(node, deep=True))
    data.line = node.start_mark.line + 1
    data.lines = {i: item.start_mark.line + 1 for i, item in enumerate(node.value)}
    return data


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
