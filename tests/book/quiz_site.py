"""A site of the knowledge check alone, built with the functions that build the book."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "quiz.md"

CONFIG = """
site_name: Quiz
theme: {name: material, font: false}
use_directory_urls: false
hooks: [hook.py]
markdown_extensions: [attr_list, {toc: {permalink: true}}]
plugins:
  - mkdocs_quiz: {enabled_by_default: false, confetti: false, embed_source: false}
"""

HOOK = """
from pathlib import Path

from mkdocs.plugins import event_priority

from _hooks import book, quiz

@event_priority(100)
def on_page_markdown(markdown, page, **_):
    return book.markdown(page.file.src_uri, Path(page.file.abs_src_path))

def on_page_content(html, page, **_):
    mark = page.meta.get("quiz", {}).get("pass")
    return quiz.finish(html, mark, "assets") if mark else html
"""


def build(folder: Path) -> Path:
    """Build docs/quiz.md in `folder`; the pages it links to are stubs. The site's folder."""
    docs = folder / "docs"
    (docs / "assets").mkdir(parents=True)
    (folder / "mkdocs.yml").write_text(CONFIG, "utf-8")
    (folder / "hook.py").write_text(HOOK, "utf-8")
    text = PAGE.read_text("utf-8")
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", text))
    for page in {"index.md", "reference/bibliography.md"} | linked:
        (docs / page).parent.mkdir(exist_ok=True)
        (docs / page).write_text("# A page\n", "utf-8")
    (docs / "quiz.md").write_text(text, "utf-8")
    for asset in ("quiz.css", "quiz.js"):
        (docs / "assets" / asset).write_bytes((PAGE.parent / "assets" / asset).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", folder / "mkdocs.yml"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "docs"), "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"
