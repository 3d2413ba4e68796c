"""The events of the reference pages."""

from typing import Any

from _hooks import reference


def on_config(config: Any) -> Any:
    """Spare the other pages the style sheet of mkdocstrings; book.css has what is needed."""
    config.extra_css = [css for css in config.extra_css if "_mkdocstrings" not in str(css)]
    return config


def on_pre_page(page: Any, **_: Any) -> Any:
    """Keep what does not change from one rebuild to the next."""
    if reference.is_reference(page.file.src_uri):
        reference.remember(page)
    return page
