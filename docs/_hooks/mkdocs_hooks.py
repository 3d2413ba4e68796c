"""The thin layer between MkDocs and the book's machinery: events in, plain functions out."""

import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

from _hooks import book, quiz
from _hooks import page as pages
from _hooks.mkdocs_errors import told


@told()
def on_files(files: Any, config: Any) -> Any:
    """Add what is generated: figures, downloads, styles."""
    for uri, content in book.generated().items():
        files.append(File.generated(config, uri, content=content))
    return files


@event_priority(50)
@told()
def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Expand includes, programs and macros; before plugins change the page."""
    if page.file.generated_by or not page.file.src_uri.endswith(".md"):
        return markdown
    return book.markdown(page.file.src_uri, Path(page.file.abs_src_path))


@event_priority(-50)
@told()
def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Finish the quiz, set formulas and mark symbols."""
    file = page.file.abs_src_path or page.file.src_uri
    if mark := page.meta.get("quiz", {}).get("pass"):
        quiz.check(page.file.content_string, file)
        html = quiz.finish(html, mark, get_relative_url("assets", page.url))
    return pages.finish(html, file)
