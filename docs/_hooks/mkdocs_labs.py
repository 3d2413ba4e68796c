"""The labs' events, between MkDocs, mkdocs-jupyter and `labs`."""

from typing import Any

from mkdocs.structure.files import File

from _hooks import labs
from _hooks.mkdocs_errors import told


@told()
def on_files(files: Any, config: Any) -> Any:
    """Add the notebooks to download."""
    for uri, content in labs.generated().items():
        files.append(File.generated(config, uri, content=content))
    return files


def on_pre_page(page: Any, **_: Any) -> Any:
    """Let MkDocs render what mkdocs-jupyter has written."""
    if labs.is_lab(page.file.src_uri):
        labs.as_page(page)
    return page


@told()
def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A lab as Markdown, its outputs among it."""
    if not labs.is_lab(page.file.src_uri):
        return markdown
    path = labs.LABS / f"{page.file.name}.py"
    page.meta |= labs.meta(path)
    return labs.markdown(path)
