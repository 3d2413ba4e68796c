"""The book in print, read from the PDF of the built site."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from _hooks import pdf
from _hooks import print_page as printing
from _hooks.errors import ROOT
from pypdf import PdfReader

SITE = Path(os.environ.get("SITE", ROOT / "site"))


@pytest.fixture(scope="module")
def book() -> PdfReader:
    """The PDF of the built site."""
    file = SITE / pdf.FILE
    assert file.exists(), "there is no PDF: run `make site`"
    return PdfReader(file)


@pytest.fixture(scope="module")
def texts(book: PdfReader) -> list[str]:
    """What stands on each page, without white space, which differs by extraction."""
    return [_dense(page.extract_text()) for page in book.pages]


@pytest.fixture(scope="module")
def print_page() -> lxml.html.HtmlElement:
    """The page that was printed."""
    return lxml.html.parse(SITE / "print.html").getroot()


def _dense(text: str) -> str:
    return re.sub(r"\s", "", text)


def _outline(book: PdfReader) -> Iterator[tuple[int, str, int]]:
    """Level, title and number of the page of each entry."""

    def walk(entries: list[Any], level: int) -> Iterator[tuple[int, str, int]]:
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry, level + 1)
            else:
                page = book.get_destination_page_number(entry)
                assert page is not None
                yield level, str(entry.title), page + 1

    yield from walk(book.outline, 0)


def chapters(book: PdfReader) -> list[tuple[str, int]]:
    """Title and page of each chapter, after cover and contents."""
    return [(title, page) for level, title, page in _outline(book) if level == 0][2:]


def _annotations(book: PdfReader) -> Iterator[Any]:
    for page in book.pages:
        for annotation in page.get("/Annots", []):
            yield annotation.get_object()


def _titles(page: lxml.html.HtmlElement) -> list[str]:
    return [" ".join(h.text_content().split()) for h in page.xpath("//h1")]


def test_the_outline_has_every_chapter_of_the_print_page(
    book: PdfReader, print_page: lxml.html.HtmlElement
) -> None:
    assert [title for level, title, _ in _outline(book) if level == 0] == _titles(print_page)


def test_the_cover_has_the_title_and_no_number(texts: list[str]) -> None:
    assert texts[0].startswith("AttentionMechanisms")
    assert not texts[0].endswith("1")


def test_the_contents_name_the_pages_to_which_the_outline_leads(
    book: PdfReader, texts: list[str]
) -> None:
    first = chapters(book)[0][1]
    contents = "".join(texts[1 : first - 1])
    for title, page in chapters(book):
        assert re.search(rf"{re.escape(_dense(title))}{page}", contents), (title, page)


def test_sections_in_the_contents_have_the_pages_they_stand_on(
    texts: list[str], print_page: lxml.html.HtmlElement, book: PdfReader
) -> None:
    pages = pdf.destinations((SITE / pdf.FILE).read_bytes())
    contents = "".join(texts[1 : chapters(book)[0][1] - 1])
    links = print_page.xpath("//nav//li/ol/li/a")
    assert len(links) > 30
    for link in links:
        title, page = _dense(link.text_content()), pages[link.get("href")[1:]]
        assert f"{title}{page}" in contents
        assert title in texts[page - 1]


def test_every_page_has_its_chapter_above_and_its_number_below(
    book: PdfReader, texts: list[str]
) -> None:
    starts = chapters(book)
    ends = [page for _, page in starts[1:]] + [len(texts) + 1]
    for (title, start), end in zip(starts, ends, strict=True):
        for number in range(start, end):
            text = texts[number - 1]
            head = text[: len(_dense(title)) + 60] + text[-len(_dense(title)) - 60 :]
            assert _dense(title) in head, number
            assert str(number) in head, number


def test_the_key_to_the_quiz_comes_last(book: PdfReader, texts: list[str]) -> None:
    title, page = chapters(book)[-1]
    assert title == "Key to the knowledge check"
    assert len(re.findall("Therightansweris[A-H]", "".join(texts[page - 1 :]))) == 8
    assert "Therightansweris" not in "".join(texts[: page - 1])


def test_tabs_and_answers_are_open(texts: list[str], print_page: lxml.html.HtmlElement) -> None:
    text = "".join(texts)
    assert not print_page.find_class("tabbed-set")
    assert not print_page.xpath("//details[not(@open)]")
    for label in ("Dinnerparty", "Executive", "Engineer"):
        assert text.count(label) >= 6
    assert text.count("NumPyonly:") == len(print_page.find_class("elsewhere"))


def test_all_figures_are_vectors(book: PdfReader, print_page: lxml.html.HtmlElement) -> None:
    assert len(print_page.xpath("//figure//img")) >= 6
    assert not print_page.xpath("//img[contains(@src, '#only-dark')]")
    pictures = [
        number
        for number, page in enumerate(book.pages, 1)
        for entry in page["/Resources"].get("/XObject", {}).values()
        if entry.get_object()["/Subtype"] == "/Image"
    ]
    assert not pictures, "pixels on these pages"


def test_all_fonts_are_embedded(book: PdfReader) -> None:
    seen = 0
    for page in book.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            seen += 1
            assert _embedded(font.get_object()), font
    assert seen


def _embedded(font: Any) -> bool:
    if font["/Subtype"] == "/Type3":
        return True  # its glyphs are drawings in the file
    descendant = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
    return bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"]))


def test_the_mathematics_font_is_there(book: PdfReader) -> None:
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in book.pages
        for font in page["/Resources"].get("/Font", {}).values()
        if "/BaseFont" in font.get_object()
    }
    assert any("STIXTwoMath" in name for name in fonts)


def test_links_lead_within_the_book_or_to_the_web(book: PdfReader) -> None:
    addresses = [
        str(link["/A"]["/URI"]) for link in _annotations(book) if "/URI" in link.get("/A", {})
    ]
    within = [link for link in _annotations(book) if "/Dest" in link]
    assert len(within) > 100
    for address in addresses:
        of_the_web = re.match(r"https?://(?!localhost|127\.|example\.|book\.invalid)", address)
        assert of_the_web or (SITE / address.split("#")[0]).is_file(), address


def test_the_cover_shows_the_address_if_there_is_one() -> None:
    book = printing.Book("", "", "A & B", "https://book.test/?a&b", "", {}, {})
    address = "https://book.test/?a&amp;b"
    assert printing._imprint(book) == f'A &amp; B<br><a href="{address}">{address}</a>'
    assert printing._imprint(book._replace(address="")) == "A &amp; B"


def test_the_document_says_what_it_is(book: PdfReader) -> None:
    assert book.metadata is not None
    assert book.metadata.title == "Attention Mechanisms"
    assert book.metadata.author
    assert book.metadata.creation_date is None
    catalog: Any = book.root_object
    assert catalog["/Lang"] == "en"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/PageMode"] == "/UseOutlines"


def test_pages_are_a4(book: PdfReader) -> None:
    sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in book.pages}
    assert sizes == {(595, 842)}
