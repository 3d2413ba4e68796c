"""pytest-codeblocks runs the pages as displayed: with includes, programs and macros written out.

It runs a fence only where the info string is exactly `python`; the book's fences may have a title,
which is taken off here. It runs `sh` fences too: the book has none (tests/book says so).
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _hooks import book
from pytest_codeblocks.main import extract_from_buffer
from pytest_codeblocks.plugin import TestBlock

DOCS = Path(__file__).parent
TITLE = re.compile(r"^(\s*`{3,}python) title=\"[^\"]*\"$", re.MULTILINE)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Every Markdown page of the book."""
    if file_path.suffix == ".md":
        return ExpandedPage.from_parent(parent, path=file_path)
    return None


class ExpandedPage(pytest.File):
    """A page with everything written out; its blocks have the line numbers of the page."""

    def collect(self) -> Iterator[TestBlock]:
        """The blocks in the order of the page."""
        lines = book.lines(str(self.path.relative_to(DOCS)), self.path)
        text = TITLE.sub(r"\1", "\n".join(line.text for line in lines)) + "\n"
        for block in extract_from_buffer(io.StringIO(text), max_num_lines=100_000):
            if block.syntax == "python":
                number = lines[block.lineno - 1].number
                yield TestBlock.from_parent(
                    self, name=f"line {number}, block {block.lineno}", obj=block
                )
