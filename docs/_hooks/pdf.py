"""The book as a PDF: the print page, printed by Chromium without asking any host."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Error, Page, Route, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from _hooks.errors import BuildError

logging.getLogger("pypdf").setLevel(
    logging.ERROR
)  # it warns of a count that Chromium states one too low
FILE = "attention.pdf"
NOWHERE = "https://book.invalid/"  # where a site that has no address is printed
NUMBER = """pages => document.querySelectorAll(".contents a, a.page").forEach(link => {
    link.dataset.page = pages[link.hash.slice(1)] ?? "" })"""
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(
    heading => heading.textContent.trim().replace(/\\s+/g, " "))"""


def write(site: Path, address: str, page: str, browser: Path, metadata: dict[str, str]) -> Path:
    """Print `page` of the built `site` into its `attention.pdf`; links lead to `address`, or where
    there is none, to the files beside the PDF."""
    printed, headings = _print(site, address or NOWHERE, page, browser)
    target = site / FILE
    target.write_bytes(_finished(printed, headings, metadata))
    return target


def _print(site: Path, address: str, start: str, browser: Path) -> tuple[bytes, list[str]]:
    """Chromium believes that it reads the site at its address; the folder answers."""
    missing: list[str] = []
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser)
            page = chromium.new_page(color_scheme="light", reduced_motion="reduce")
            page.route("**/*", lambda route: _answer(route, site, address, missing))
            page.goto(address + start, wait_until="load")
            printed, headings = _pages(page), page.evaluate(HEADINGS)
            chromium.close()
    except Error as error:
        raise BuildError(f"{browser} can't print the book: {error.message}") from error
    if missing:
        raise BuildError(f"the print page asks for what the site lacks: {', '.join(missing)}")
    return printed, headings


def _answer(route: Route, site: Path, address: str, missing: list[str]) -> None:
    url = route.request.url
    path = site / unquote(urlsplit(url).path.removeprefix(urlsplit(address).path))
    path = path / "index.html" if url.endswith("/") else path
    if url.startswith(address) and path.is_file():
        route.fulfill(path=path)
    else:
        missing.append(url)
        route.abort()


def _pages(page: Page) -> bytes:
    """Print twice: Chromium can't say in the contents on which page a chapter will be."""
    page.evaluate("document.fonts.ready.then(() => true)")
    expected = destinations(_pdf(page))
    page.evaluate(NUMBER, expected)
    printed = _pdf(page)
    if destinations(printed) != expected:
        raise BuildError("the page numbers of the contents move the pages that they number")
    return printed


def _pdf(page: Page) -> bytes:
    return page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)


def destinations(printed: bytes) -> dict[str, int]:
    """Anchor → number of its page, of all anchors that something links to."""
    reader = PdfReader(io.BytesIO(printed))
    found = {}
    for name, place in reader.named_destinations.items():
        before = reader.get_destination_page_number(place)
        if before is None:
            raise BuildError(f"the PDF has no page for '{name}'")
        found[name.lstrip("/")] = before + 1
    return found


def _finished(printed: bytes, headings: list[str], metadata: dict[str, str]) -> bytes:
    """With title and author, the outline shown on opening, and nothing of the day it was made."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed)))
    writer.pdf_header = "%PDF-1.7"
    _link_to_files(writer)
    writer.metadata = {f"/{key}": value for key, value in metadata.items()}
    catalog: Any = writer.root_object
    catalog[NameObject("/PageMode")] = NameObject("/UseOutlines")
    catalog[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    left = iter(headings)
    _retitle(catalog["/Outlines"]["/First"], left)
    if missing := next(left, ""):
        raise BuildError(f"the outline of the PDF lacks the heading '{missing}'")
    identity = ByteStringObject(b"attention-book--")
    writer._ID = ArrayObject([identity, identity])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _link_to_files(writer: PdfWriter) -> None:
    for page in writer.pages:
        for annotation in page.get("/Annots", []):
            action = annotation.get_object().get("/A", {})
            if str(action.get("/URI", "")).startswith(NOWHERE):
                file = str(action["/URI"]).removeprefix(NOWHERE) or "index.html"
                action[NameObject("/URI")] = TextStringObject(file)


def _retitle(entry: Any, headings: Iterator[str]) -> None:
    """Give the outline the headings as they stand on the page: Chromium drops the space where one
    wraps, and Chromium 156 says each part twice of one that begins a page."""
    while entry is not None:
        entry = entry.get_object()
        said, heading = str(entry["/Title"]), next(headings, "")
        letters = iter(said)
        if not heading or not all(letter in letters for letter in heading.replace(" ", "")):
            raise BuildError(f"the outline of the PDF says '{said}' for the heading '{heading}'")
        entry[NameObject("/Title")] = TextStringObject(heading)
        if "/First" in entry:
            _retitle(entry["/First"], headings)
        entry = entry.get("/Next")
