"""The one exception of the machinery: a defect in the book, with the place to mend it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class BuildError(Exception):
    """A defect that stops the build: what is wrong, and the file and line to look at."""

    def __init__(self, message: str, file: Path | str | None = None, line: int | None = None):
        self.message, self.file, self.line = message, file, line
        super().__init__(f"{place(file, line)}{message}")


def place(file: Path | str | None, line: int | None) -> str:
    """`docs/page.md:12: ` as compilers write it, relative to the project's root."""
    if file is None:
        return ""
    path = Path(file)
    path = path.relative_to(ROOT) if path.is_absolute() and path.is_relative_to(ROOT) else path
    return f"{path}:{line}: " if line else f"{path}: "
