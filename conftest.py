"""The README's code is run as it stands there, as the book's is (docs/conftest.py)."""

from pathlib import Path

import pytest
from pytest_codeblocks.plugin import MarkdownFile


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """README.md and no other Markdown."""
    if file_path == parent.config.rootpath / "README.md":
        return MarkdownFile.from_parent(parent, path=file_path)
    return None
