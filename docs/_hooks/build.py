"""`python -m _hooks.build`: the site and its PDF, whole or not at all.

MkDocs builds beside the site that is there; the new one takes its place when it is complete.
Whatever stops the build is said in one last line, and the site that was there stays.
"""

import errno
import fcntl
import logging
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from click import ClickException
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from _hooks import browser, pdf
from _hooks.errors import ROOT, BuildError, place

SITE = ROOT / "site"
CACHE = ROOT / ".cache"
STAGING, PREVIOUS = CACHE / "site.new", CACHE / "site.old"
# What a system refuses to a build without defects.
REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}


def main() -> int:
    """Build; the exit code is 0 only when the new site is in place."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _alone():
            note = build()
    except KeyboardInterrupt:
        return _stopped("interrupted", 130)
    except BuildError as error:
        return _stopped(str(error))
    except ClickException as error:  # all that MkDocs says without a traceback
        return _stopped(error.format_message().strip())
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSED:
            return _stopped(f"{error.strerror}: {error.filename or ROOT}")
        traceback.print_exc()
        return _stopped(f"{type(error).__name__}: {error}")
    print(f"The site is in {SITE.relative_to(ROOT)}/{note}")
    return 0


def _stopped(why: str, code: int = 1) -> int:
    state = "the previous site is as it was" if SITE.exists() else "there is no site"
    print(f"\nNot built ({state}): {why}", file=sys.stderr)
    return code


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time; a second one waits."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build() -> str:
    """Build site and PDF beside the present site, put them in its place, say what there is."""
    found = browser.ensure()
    os.environ["BOOK_PDF"] = pdf.FILE if found else ""
    _recover()
    shutil.rmtree(STAGING, ignore_errors=True)
    try:
        config = _mkdocs()
        if found:
            page = config.plugins["print-site"].print_page.url
            pdf.write(STAGING, config.site_url or "", page, found, _metadata(config))
        _swap()
    finally:
        shutil.rmtree(STAGING, ignore_errors=True)
    return (
        f", the book in print is site/{pdf.FILE}."
        if found
        else f", without the PDF: {browser.advice()}."
    )


def _mkdocs() -> Any:
    """MkDocs, for which a warning is an error."""
    heard = _Warnings()
    logging.getLogger("mkdocs").addHandler(heard)
    try:
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(STAGING), strict=True)
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs_build(config)
        config.plugins.on_shutdown()
    except Abort as error:  # after a warning, what it leads to says less than the warning
        said = "\n".join(heard.messages) or error.format_message().strip()
        raise BuildError(said) from error
    finally:
        logging.getLogger("mkdocs").removeHandler(heard)
    return config


class _Warnings(logging.Handler):
    """Keeps what MkDocs warns of, with the line where it can be found."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            self.messages.append(_placed(record.getMessage()))


LINK = re.compile(r"'(?P<page>[^']+\.md)' contains an? .*?link '(?P<link>[^']+)'")


def _placed(message: str) -> str:
    """The message after the file and line of the link that it is about."""
    found = LINK.search(message)
    if not found:
        return message
    page = ROOT / "docs" / found["page"]
    lines = page.read_text("utf-8").splitlines() if page.exists() else []
    line = next((n for n, text in enumerate(lines, 1) if found["link"] in text), None)
    return f"{place(page, line)}{message}"


def _metadata(config: Any) -> dict[str, str]:
    return {
        "Title": config.site_name,
        "Author": config.site_author or "",
        "Subject": config.site_description or "",
    }


def _swap() -> None:
    """Two renames: a folder that is not empty can't be replaced by one."""
    if SITE.exists():
        SITE.rename(PREVIOUS)
    try:
        STAGING.rename(SITE)
    finally:
        _recover()


def _recover() -> None:
    """Whenever a build was cut off between the two renames, the previous site comes back."""
    if PREVIOUS.exists() and not SITE.exists():
        PREVIOUS.rename(SITE)
    shutil.rmtree(PREVIOUS, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
