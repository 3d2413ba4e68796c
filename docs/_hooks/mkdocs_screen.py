"""The thin layer between MkDocs and what the screen needs: cures, the font, the reading time."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from _hooks import mathml, reading, screen
from _hooks.errors import ROOT
from _hooks.mkdocs_errors import told

FONT = "assets/fonts/math.woff2"


def on_config(config: Any) -> Any:
    """Templates call `config.extra.cure`."""
    config.extra["cure"] = told()(screen.cure)
    return config


def on_env(env: Any, config: Any, files: Any) -> Any:
    """All pages are known now: count them, and cut the font to what stands in their formulas."""
    pages = [file.page for file in files.documentation_pages() if file.page]
    chapters = [page for page in pages if screen.is_chapter(page.title)]
    minutes = [reading.minutes(page.content or "") for page in chapters]
    # The knowledge check is answered, not read: its minutes come on top.
    read = [m for page, m in zip(chapters, minutes, strict=True) if "quiz" not in page.meta]
    for page, taken in zip(chapters, minutes, strict=True):
        page.meta |= {"minutes": screen.whole([taken]), "minutes_in_all": screen.whole(read)}
    shown = {page.file.src_uri: page.meta["minutes"] for page in chapters}
    for page in pages:
        page.content = reading.fill(page.content or "", shown | {"all": screen.whole(read)})
    used = mathml.characters(page.content or "" for page in pages)
    font = mathml.font(used, ROOT / ".cache" / "fonts")
    files.append(File.generated(config, FONT, content=font))
    return env


@told()
def on_post_build(config: Any) -> None:
    """All files are in place now: mend the theme's script, lighten our styles."""
    screen.cure_script(Path(config.site_dir))
    screen.drop_comments(Path(config.site_dir))
