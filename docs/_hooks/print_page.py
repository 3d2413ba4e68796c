"""The whole book on one page: what mkdocs-print-site-plugin collected, made a document for paper.

No script and no navigation; tabs and answers are open, figures are in the light scheme, and the
sources of numbers stand as notes at the end of their chapter.
"""

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

import lxml.html
from lxml.html import HtmlElement, builder

from _hooks import quiz
from _hooks.errors import BuildError

SECTION = "contains(concat(' ', @class, ' '), ' print-page ')"
PART = "contains(concat(' ', @class, ' '), ' md-section ')"
SCREEN_ONLY = (
    ".//script | .//style | .//link | .//noscript | .//button | .//a[@class='headerlink']"
    " | .//img[contains(@src, '#only-dark')] | .//*[contains(@class, 'no-print')]"
    f" | .//section[{PART}]/h1"
)
COPY, COPIES = "NumPy only", "numpy-only"
QUIZ = f".//section[{SECTION}][not({PART})][.//div[contains(concat(' ', @class, ' '), ' quiz ')]]"


class Book(NamedTuple):
    """What the cover says, the way from the print page to the site's root, and the site's pages.

    `address`: empty where the site has none; `titles`: those of the navigation by the plugin's name
    of the page; `pages`: addresses by it.
    """

    title: str
    subtitle: str
    author: str
    address: str
    root: str
    titles: Mapping[str, str]
    pages: Mapping[str, str]


class Chapter(NamedTuple):
    """A page of the book in print."""

    element: HtmlElement
    number: str
    title: str

    @property
    def name(self) -> str:
        """The anchor that leads to it."""
        return str(self.element.get("id"))


def document(page: str, book: Book) -> str:
    """The print page, from the page that the plugin wrote."""
    whole = lxml.html.document_fromstring(page)
    body = whole.get_element_by_id("print-site-page")
    for unwanted in body.xpath(SCREEN_ONLY):
        unwanted.drop_tree()
    _open(body)
    _appendix(body)
    _quiz(body)
    sections = body.xpath(f".//section[{SECTION}][not({PART})]")
    chapters = [_chapter(section, book.titles) for section in sections]
    _relink(body, book)
    styles = [_html(style) for style in whole.xpath("//head/link[@rel='stylesheet']")]
    return _document(book, chapters, styles)


def _html(element: HtmlElement) -> str:
    return str(lxml.html.tostring(element, encoding="unicode", with_tail=False))


def _fragment(text: str) -> HtmlElement:
    return lxml.html.fragment_fromstring(text)


def _text(element: HtmlElement) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


# Chapters


def _quiz(body: HtmlElement) -> None:
    """The questions with lettered options in their chapter, the key as the last chapter."""
    for chapter in body.xpath(QUIZ):
        text = _html(chapter)
        body.append(_fragment(quiz.key_html(text)))
        chapter.getparent().replace(chapter, _fragment(quiz.print_html(text)))


def _chapter(section: HtmlElement, titles: Mapping[str, str]) -> Chapter:
    """The page with anchors of its own, notes, and its number in its heading."""
    name = section.get("id")
    heading = section.find(".//h1")
    if heading is None:
        raise BuildError(f"the page '{name}' has no heading of the first level")
    title, number = _text(heading), re.match(r"\d+(?= )", titles.get(name, ""))
    for element in section.xpath(".//*[@id]"):
        element.set("id", f"{name}-{element.get('id').removeprefix(f'{name}-')}")
    _notes(section, name)
    if number:
        mark = builder.SPAN(number[0], {"class": "number"})
        mark.tail, heading.text = f" {heading.text or ''}", None
        heading.insert(0, mark)
    return Chapter(section, number[0] if number else "", title)


def _notes(section: HtmlElement, name: str) -> None:
    """The source of each number, once, under the chapter; a raised figure leads to it."""
    found: dict[str, int] = {}
    for number in section.xpath(".//*[@data-source]"):
        note = found.setdefault(number.get("data-source"), len(found) + 1)
        mark = builder.SUP(builder.A(str(note), href=f"#{name}-note-{note}"), {"class": "note"})
        mark.tail, number.tail = number.tail, None
        number.addnext(mark)
    if found:
        notes = [builder.LI(source, id=f"{name}-note-{n}") for source, n in found.items()]
        heading = builder.P("Sources of the numbers", {"class": "label"})
        section.append(builder.DIV(heading, builder.OL(*notes), {"class": "notes"}))


def _open(body: HtmlElement) -> None:
    """What the screen folds or loads later stands open on paper."""
    for details in body.iter("details"):
        details.set("open", "")
    for image in body.iter("img"):
        image.attrib.pop("loading", None)
    for tabs in body.find_class("tabbed-set"):
        tabs.getparent().replace(tabs, _panels(tabs))


def _panels(tabs: HtmlElement) -> HtmlElement:
    """All panels of a set of tabs one after the other, each under its label."""
    labels = tabs.xpath("./div[contains(@class, 'tabbed-labels')]/label")
    panels = builder.DIV({"class": "panels"})
    panels.tail = tabs.tail
    for label, panel in zip(labels, tabs.xpath("./div[@class='tabbed-content']/div"), strict=True):
        panel.insert(0, builder.P(_text(label), {"class": "label"}))
        panel.set("class", "panel")
        panels.append(panel)
    return panels


def _appendix(body: HtmlElement) -> None:
    """The NumPy-only copies, which are long: each once, and the page to turn to in its place."""
    title = builder.H1("The programs with NumPy alone")
    section = builder.SECTION(title, {"class": "print-page", "id": COPIES})
    for panel in body.xpath(f".//div[@class='panel'][p[@class='label'][.='{COPY}']]"):
        program = _text(panel.getprevious().find_class("filename")[0]).removeprefix("snippets/")
        name = f"{COPIES}-" + re.sub(r"\W", "-", program)
        link = builder.A(program, {"href": f"#{name}", "class": "page"})
        panel.getparent().replace(panel, builder.P(f"{COPY}: ", link, {"class": "elsewhere"}))
        if not section.xpath(f"./h2[@id='{name}']"):
            panel[0].drop_tree()
            section.extend([builder.H2(program, id=name), panel])
    if len(section) > 1:
        body.append(section)


def _relink(body: HtmlElement, book: Book) -> None:
    """A link to a page that is not in print leads to the site; one to nowhere stops the build."""
    known = set(body.xpath(".//@id"))
    for link in body.xpath(".//a[starts-with(@href, '#')]"):
        target = link.get("href")[1:]
        if target in known:
            continue
        chapter = link.xpath(f"string(ancestor::section[{SECTION}][1]/@id)")
        link.set("href", book.root + _page(target, chapter, known, book.pages))


def _page(target: str, chapter: str, known: set[str], pages: Mapping[str, str]) -> str:
    """`reference-scores-dot` → `reference/scores/#dot`, where that page is not in print."""
    names = [name for name in pages if target == name or target.startswith(f"{name}-")]
    page = max(names, key=len, default="")
    if not page or page in known:
        raise BuildError(f"the page '{chapter}' links to '#{target}', which the print page lacks")
    anchor = target[len(page) + 1 :]
    return pages[page] + (f"#{anchor}" if anchor else "")


# The document


def _document(book: Book, chapters: list[Chapter], styles: list[str]) -> str:
    title, subtitle = html.escape(book.title), html.escape(book.subtitle)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="description" content="{subtitle}: the whole book on one page, for print.">
<meta name="author" content="{html.escape(book.author)}">
<title>{title}</title>
{"".join(styles)}
<link rel="stylesheet" href="{book.root}assets/print.css">
<style>{"".join(_running_head(chapter) for chapter in chapters)}</style>
</head>
<body class="md-typeset" data-md-color-scheme="default" data-md-color-primary="custom">
<main class="md-content__inner md-typeset">
<header class="cover">
{_emblem()}
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
<p class="imprint">{_imprint(book)}</p>
</header>
<nav class="contents" aria-labelledby="contents">
<h1 id="contents">Contents</h1>
<ol>{"".join(_entry(chapter) for chapter in chapters)}</ol>
</nav>
{"".join(_html(chapter.element) for chapter in chapters)}
</main>
</body>
</html>
"""


def _imprint(book: Book) -> str:
    author, address = html.escape(book.author), html.escape(book.address)
    return f'{author}<br><a href="{address}">{address}</a>' if address else author


def _running_head(chapter: Chapter) -> str:
    """Chromium has no string-set: each chapter is a kind of page with a head of its own."""
    title = f"{chapter.number} {chapter.title}".strip().replace("\\", "").replace('"', '\\"')
    return (
        f"#{chapter.name}{{page:p-{chapter.name}}}"
        f'@page p-{chapter.name}{{@top-right{{content:"{title}"}}}}\n'
    )


def _entry(chapter: Chapter) -> str:
    headings = chapter.element.iter("h2") if chapter.number else []
    inner = [_line(h.get("id"), "", _text(h)) for h in headings if _text(h) != "Sources"]
    sections = f"<ol>{''.join(inner)}</ol>" if inner else ""
    return _line(chapter.name, chapter.number, chapter.title, sections)


def _line(target: str, number: str, title: str, inner: str = "") -> str:
    return (
        f'<li><a href="#{target}"><span class="number">{number}</span>'
        f'<span class="title">{html.escape(title)}</span></a>{inner}</li>'
    )


def _emblem() -> str:
    """A matrix of weights, drawn: two words that cross, as an adjective and its noun do."""
    order = (0, 1, 3, 2, 4, 5)
    squares = "".join(
        f'<rect x="{20 * j}" y="{20 * i}" width="18" height="18" rx="2"'
        f' opacity="{0.9 if order[i] == j else 0.28 if abs(order[i] - j) == 1 else 0.08}"/>'
        for i in range(6)
        for j in range(6)
    )
    return f'<svg viewBox="0 0 118 118" aria-hidden="true">{squares}</svg>'
