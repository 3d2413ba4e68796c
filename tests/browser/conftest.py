"""The built site, served below a sub-path and opened from disk, in the Chromium of this system."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from _hooks import browser as browsers
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
BELOW = "/attention/"
HERE = ("http://127.0.0.1", "file://", "data:", "blob:")

Heard = list[tuple[str, Any]]
Visit = Callable[..., AbstractContextManager[tuple[Page, Heard]]]


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """The addresses of all pages of the book, without the one that is there to be printed."""
    found = sorted(str(page.relative_to(site)) for page in site.rglob("*.html"))
    return [page for page in found if page not in ("print.html", "404.html")]


class _Below(SimpleHTTPRequestHandler):
    """Serves the site below a sub-path, as GitHub Pages does."""

    def translate_path(self, path: str) -> str:
        inside = path.removeprefix(BELOW) if path.startswith(BELOW) else "no-such-file"
        return super().translate_path("/" + inside)

    def log_message(self, *_: object) -> None:
        """The tests say what is wrong; the log would only hide it."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served: http://localhost:…/attention/."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Below, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{BELOW}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium without windows, ended with its module: a process may hold one Playwright."""
    found = browsers.find()
    assert found, browsers.advice()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(found), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def visit(chromium: Browser) -> Visit:
    """`with visit(address, width=1440, **context) as (page, heard)`: a fresh profile, which can
    reach this machine alone; `heard` fills with the address and the status of every request, and
    with the errors of scripts."""

    @contextmanager
    def visiting(url: str, width: int = 1440, **options: Any) -> Iterator[tuple[Page, Heard]]:
        heard: Heard = []

        def gate(route: Route) -> None:
            if route.request.url.startswith(HERE):
                return route.continue_()
            heard.append((route.request.url, "another host"))
            return route.abort()

        viewport = ViewportSize(width=width, height=900)
        with chromium.new_context(viewport=viewport, reduced_motion="reduce", **options) as context:
            context.route("**/*", gate)
            page = context.new_page()
            page.on("response", lambda answer: heard.append((answer.url, answer.status)))
            page.on("requestfailed", lambda request: heard.append((request.url, request.failure)))
            page.on("pageerror", lambda error: heard.append((page.url, str(error))))
            page.goto(url)
            yield page, heard

    return visiting


@pytest.fixture
def open_page(visit: Visit) -> Iterator[Callable[..., Page]]:
    """`open_page(address, width=1440, **context)`: a page that is closed after the test."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(visit(url, **options))[0]
