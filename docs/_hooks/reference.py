"""Reference pages are rendered anew only when `attn` or the page has changed."""

import hashlib
from pathlib import Path
from typing import Any

from _hooks.errors import ROOT

RENDERED = ("content", "toc", "present_anchor_ids", "_title_from_render")
_kept: dict[str, tuple[str, dict[str, Any]]] = {}


def is_reference(uri: str) -> bool:
    """Whether a page is made from docstrings."""
    return uri.startswith("reference/")


def sources() -> list[Path]:
    """What the pages are made from, besides themselves."""
    made_by = [ROOT / "docs" / "_hooks" / "docstrings.py", ROOT / "docs" / "bibliography.yml"]
    return [*sorted((ROOT / "attn").rglob("*.py")), *made_by]


def remember(page: Any) -> None:
    """Let the page render itself once for each state of what it is made from."""
    render = page.render

    def once(config: Any, files: Any) -> None:
        uri, now = page.file.src_uri, _key(page.markdown, config)
        before, state = _kept.get(uri, ("", {}))
        if before == now:
            page.__dict__.update(state)
            _register(page, config.plugins["autorefs"], page.toc)
            return
        render(config, files)
        _kept[uri] = now, {name: page.__dict__[name] for name in RENDERED}

    page.render = once


def _register(page: Any, autorefs: Any, items: Any) -> None:
    """Tell autorefs where the names stand, as mkdocstrings does when it renders."""
    for item in items:
        autorefs.register_anchor(page, item.id, title=item.title)
        _register(page, autorefs, item.children)


def _key(markdown: str, config: Any) -> str:
    renderer = config.plugins.get("mkdocstrings")
    options = dict(renderer.config) if renderer else {}
    digest = hashlib.sha256(repr((config.use_directory_urls, options, markdown)).encode())
    for path in sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()
