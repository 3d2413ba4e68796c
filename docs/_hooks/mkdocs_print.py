"""The thin layer between MkDocs and the print page that mkdocs-print-site-plugin collects."""

import re
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File
from mkdocs_print_site_plugin.urls import get_page_key

from _hooks import pdf, print_page
from _hooks.mkdocs_errors import told

SCRIPT = "js/print-site.js"
LINK = re.compile(rf'<a class="pdf" href="([^"]*){pdf.FILE}">(.*?)</a>')
addresses: dict[str, str] = {}


@event_priority(-100)
def on_config(config: Any) -> Any:
    """The plugin would load its script on every page; the print page needs none."""
    config.extra_javascript = [script for script in config.extra_javascript if script != SCRIPT]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Let pages link to the PDF, which is printed when they are all there."""
    files.append(File.generated(config, pdf.FILE, content=b""))
    return files


def on_page_content(html: str, config: Any, **_: Any) -> str:
    """Where this build makes no PDF, a link to it leads to the print page, or nowhere."""
    if config.extra["pdf"]:
        return html
    print_site = config.plugins["print-site"]
    if not print_site.config["enabled"]:
        return LINK.sub(r"\2", html)
    return LINK.sub(rf'<a href="\1{print_site.print_page.url}">\2</a>', html)


@event_priority(-100)
def on_env(env: Any, config: Any, files: Any) -> Any:
    """The plugin took the pages before the others were done: give it the finished ones."""
    pages = [file.page for file in files.documentation_pages() if file.page]
    printed = getattr(config.plugins["print-site"], "print_page", None)
    targets = [*pages, printed] if printed else pages
    addresses.update({get_page_key(page.url): page.url for page in targets})
    for page in pages:
        page.html = page.content
    return env


@event_priority(-100)
@told()
def on_post_build(config: Any) -> None:
    """Write the print page as a document of its own, and take away what the plugin left."""
    plugin = config.plugins["print-site"]
    Path(config.site_dir, pdf.FILE).unlink()
    if not plugin.config["enabled"]:
        return
    file = plugin.print_page.file
    path = Path(file.abs_dest_path)
    book = print_page.Book(
        config.site_name,
        config.site_description,
        config.site_author,
        config.site_url or "",
        "../" * file.url.count("/"),
        _titles(plugin.print_page.toc),
        addresses,
    )
    path.write_text(print_page.document(path.read_text("utf-8"), book), "utf-8")
    script = Path(config.site_dir, SCRIPT)
    script.unlink()
    script.parent.rmdir()


def _titles(entries: Any) -> dict[str, str]:
    """Titles of the navigation by the plugin's name of the page."""
    found: dict[str, str] = {}
    for entry in entries:
        found |= {entry.id: entry.title} | _titles(entry.children)
    return found
