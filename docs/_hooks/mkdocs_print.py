"""The thin layer between MkDocs and the print page that mkdocs-print-site-plugin collects."""

from pathlib import Path
from typing import Any

from mkdocs.exceptions import Abort
from mkdocs.plugins import event_priority
from mkdocs_print_site_plugin.urls import get_page_key

from _hooks import print_page
from _hooks.errors import BuildError

SCRIPT = "js/print-site.js"
addresses: dict[str, str] = {}


@event_priority(-100)
def on_config(config: Any) -> Any:
    """The plugin would load its script on every page; the print page needs none."""
    config.extra_javascript = [script for script in config.extra_javascript if script != SCRIPT]
    return config


@event_priority(-100)
def on_env(env: Any, files: Any, **_: Any) -> Any:
    """The plugin took the pages before the others were done: give it the finished ones."""
    pages = [file.page for file in files.documentation_pages() if file.page]
    addresses.update({get_page_key(page.url): page.url for page in pages})
    for page in pages:
        page.html = page.content
    return env


@event_priority(-100)
def on_post_build(config: Any) -> None:
    """Write the print page as a document of its own, and take away what the plugin left."""
    plugin = config.plugins["print-site"]
    if not plugin.config["enabled"]:
        return
    file = plugin.print_page.file
    path = Path(file.abs_dest_path)
    book = print_page.Book(
        config.site_name,
        config.site_description,
        config.site_author,
        config.site_url,
        "../" * file.url.count("/"),
        _titles(plugin.print_page.toc),
        addresses,
    )
    try:
        path.write_text(print_page.document(path.read_text("utf-8"), book), "utf-8")
    except BuildError as error:
        raise Abort(f"\n{error}") from error
    script = Path(config.site_dir, SCRIPT)
    script.unlink()
    script.parent.rmdir()


def _titles(entries: Any) -> dict[str, str]:
    """Titles of the navigation by the plugin's name of the page."""
    found = {}
    for entry in entries:
        found |= {entry.id: entry.title} | _titles(entry.children)
    return found
