"""What the screen needs besides the pages: cures for the theme, the reading time of a chapter."""

import re
from collections.abc import Iterable
from pathlib import Path

from _hooks.errors import BuildError


def cure(text: str, old: str, new: str) -> str:
    """The theme's text with `old` replaced; a BuildError when a new version of it has no `old`."""
    if old not in text:
        raise BuildError(f"the theme has no longer: {old}", "docs/_hooks/theme/main.html")
    return text.replace(old, new)


def is_chapter(title: str | None) -> bool:
    """Whether a title of the navigation begins with a number, as chapters do."""
    return (title or "").split(" ")[0].isdigit()


def whole(minutes: Iterable[float]) -> int:
    """The sum of these minutes, as it is shown."""
    return max(1, round(sum(minutes)))


def cure_script(site: Path) -> None:
    """The theme's script loads the index of the search on every page; let it wait for a search."""
    (script,) = site.glob("assets/javascripts/bundle.*.min.js")
    text = cure(script.read_text("utf-8"), 'location.protocol!=="file:"', "false")
    script.write_text(text, "utf-8")


def drop_comments(site: Path) -> None:
    """Our styles say why in comments, a tenth of their weight, which no reader's browser needs."""
    for style in site.glob("assets/*.css"):
        text = re.sub(r"/\*.*?\*/\s*", "", style.read_text("utf-8"), flags=re.DOTALL)
        style.write_text(text, "utf-8")
