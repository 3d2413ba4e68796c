"""The build is whole or not at all: what stops it is said in one message, and the site stays."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _hooks import browser
from pypdf import PdfReader

from tests.book import tiny_book
from tests.book.tiny_book import Book

# What a writer can break: file, old text, new text, and what the last message must say.
MISTAKES = {
    "an unknown include": (
        "docs/attention.md",
        "snippets/attention/tiny.py",
        "snippets/attention/tinny.py",
        r"docs/attention\.md:12: there is no program 'snippets/attention/tinny\.py'",
    ),
    "an unknown symbol": (
        "docs/attention.md",
        r"\s{alpha}",
        r"\s{alpah}",
        r"attention\.md.*unknown symbol 'alpah'",
    ),
    "an unknown fact": (
        "docs/attention.md",
        "bahdanau2014.tiny",
        "bahdanau2014.tinny",
        r"docs/attention\.md:8: .*unknown fact 'bahdanau2014\.tinny'",
    ),
    "a missing figure": (
        "docs/attention.md",
        'figure("fig_tiny"',
        'figure("fig_tinny"',
        r"docs/attention\.md:16: there is no figure 'fig_tinny'",
    ),
    "a broken link": (
        "docs/attention.md",
        "(index.md)",
        "(indx.md)",
        r"docs/attention\.md:20: .*'indx\.md'",
    ),
    "a link to a heading that is not there": (
        "docs/index.md",
        "attention.md)",
        "attention.md#no-such)",
        r"docs/index\.md:8: .*no-such",
    ),
    "a malformed facts.yml": (
        "docs/facts.yml",
        '"Table 1"}',
        '"Table 1"',
        r"docs/facts\.yml:\d+: ",
    ),
    "a malformed symbols.yml": (
        "docs/symbols.yml",
        "\nroles:",
        "\nrolls:",
        r"docs/symbols\.yml:\d+: ",
    ),
    "a figure that raises": (
        "snippets/attention/fig_tiny.py",
        "    fig, ax",
        "    1 / 0\n    fig, ax",
        r"snippets/attention/fig_tiny\.py:10: ZeroDivisionError",
    ),
    "a missing page in nav": (
        "mkdocs.yml",
        "1 Looking back: attention.md",
        "1 Looking back: atention.md",
        r"atention\.md",
    ),
    "a page that nav leaves out": (
        "mkdocs.yml",
        "  - Evidence: evidence.md\n",
        "",
        r"evidence\.md",
    ),
    "a claim that does not hold": (
        "docs/claims.yml",
        "<= 0.5",
        "< 0.5",
        r"docs/claims\.yml:5: claim 'half' does not hold: it says < 0\.5, but the median of",
    ),
}
WAITING = tiny_book.FIGURE + "\n\nopen('waiting', 'w').close()\nimport time\ntime.sleep(60)\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A tiny book, built once."""
    book = tiny_book.write(tmp_path_factory.mktemp("book"))
    code, said = book.build()
    assert code == 0, said
    return book


@pytest.fixture
def book(built: Book) -> Iterator[Book]:
    """The tiny book, its files and its site as they were afterwards."""
    before = {
        path: path.read_bytes() for path in built.root.rglob("*.*") if _is_source(built, path)
    }
    yield built
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def _is_source(book: Book, path: Path) -> bool:
    inside = path.relative_to(book.root).parts[0]
    return path.is_file() and inside in ("docs", "snippets", "mkdocs.yml")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_stops_the_build_and_leaves_the_site(book: Book, mistake: str) -> None:
    name, old, new, message = MISTAKES[mistake]
    path, before = book.root / name, book.state()
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    code, said = book.build()
    last = said.strip().split("\n\n")[-1]
    assert code == 1, said
    assert re.fullmatch(rf"Not built \(the previous site is as it was\): .*{message}.*", last, re.S)
    assert "Traceback" not in said
    assert book.state() == before


def test_an_interrupt_leaves_the_site(book: Book) -> None:
    before = book.state()
    (book.root / "snippets/attention/fig_tiny.py").write_text(WAITING, "utf-8")
    process = book.command("pass")
    deadline = time.monotonic() + 60
    while not (book.root / "waiting").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 130, said
    assert said.strip() == "Not built (the previous site is as it was): interrupted"
    assert book.state() == before
    assert not (book.root / ".cache" / "site.new").exists()


def test_a_disk_that_is_full_leaves_the_site(book: Book) -> None:
    """No file may grow beyond 50 kB, which writing the site's script meets as a full disk would."""
    before = book.state()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    code, said = book.build(limit)
    assert code == 1, said
    assert said.strip().startswith("Not built (the previous site is as it was): File too large: ")
    assert book.state() == before


def test_a_build_cut_off_between_its_renames_is_mended_by_the_next(book: Book) -> None:
    before = book.state()
    book.site.rename(book.root / ".cache" / "site.old")
    code, said = book.build("build._mkdocs = lambda: 1 / 0")
    assert code == 1, said
    assert book.state() == before


def test_without_a_browser_the_site_has_no_pdf_and_no_link_to_it(book: Book) -> None:
    code, said = book.build("browser.ensure = lambda: None")
    assert code == 0, said
    assert "without the PDF: install Chrome, Chromium or Edge" in said
    assert not (book.site / "attention.pdf").exists()
    assert not [page for page in book.site.rglob("*.html") if "attention.pdf" in page.read_text()]
    assert '<a href="print.html">PDF</a>' in (book.site / "index.html").read_text("utf-8")


def test_with_a_browser_pages_link_to_the_pdf(book: Book) -> None:
    code, said = book.build()
    assert code == 0, said
    assert (book.site / "attention.pdf").read_bytes().startswith(b"%PDF-")
    assert '<a class="pdf" href="attention.pdf">' in (book.site / "index.html").read_text("utf-8")


def test_a_site_without_an_address_names_none_and_its_pdf_leads_to_its_files(book: Book) -> None:
    pages = [page.read_text("utf-8") for page in book.site.rglob("*.html")]
    assert not [text for text in pages if "canonical" in text or "example.org" in text]
    printed = PdfReader(book.site / "attention.pdf")
    links = [link.get_object() for page in printed.pages for link in page.get("/Annots", [])]
    targets = [str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})]
    files = [target for target in targets if "://" not in target]
    assert "downloads/attention/tiny.py" in files
    assert all((book.site / file).is_file() for file in files)
    assert not [target for target in targets if "invalid" in target]


def test_the_cards_of_the_evidence_come_where_they_are_used(book: Book) -> None:
    pages = sorted(book.site.rglob("*.html"))
    styled = [page.name for page in pages if "assets/evidence.css" in page.read_text("utf-8")]
    assert styled == ["evidence.html", "print.html"]


def test_an_error_of_the_system_that_is_a_defect_of_ours_keeps_its_traceback(book: Book) -> None:
    before = book.state()
    code, said = book.build("build._mkdocs = lambda: open('no-such-file')")
    assert code == 1
    assert "Traceback" in said
    assert said.strip().split("\n")[-1].startswith("Not built (the previous site is as it was)")
    assert book.state() == before


def test_the_print_page_brings_nothing_to_the_other_pages(book: Book) -> None:
    assert not (book.site / "js").exists()
    for page in book.site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert "print-site" not in text
        assert ("assets/print.css" in text) == (page.name == "print.html")


def test_the_print_page_needs_no_script_and_hides_nothing(book: Book) -> None:
    text = (book.site / "print.html").read_text("utf-8")
    assert "<script" not in text
    assert "only-dark" not in text
    assert re.findall(r"<details[^>]*>", text) == ['<details class="predict" open="">']
    assert "With attn" in text
    assert '<section class="print-page" id="numpy-only">' in text


def test_a_browser_that_does_not_start_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snap, chromium = tmp_path / "chromium-browser", tmp_path / "chromium"
    snap.write_text("#!/bin/sh\necho it needs the chromium snap >&2\nexit 1\n")
    chromium.write_text("#!/bin/sh\necho Chromium 140\n")
    there = [tmp_path / "gone", snap, chromium]
    for path in (snap, chromium):
        path.chmod(0o755)
    monkeypatch.setattr(browser, "_there", lambda: map(str, there))
    assert browser.find() == chromium
    assert f"{snap} does not start: it needs the chromium snap" in capsys.readouterr().out
    there.pop()
    assert browser.find() is None


def test_as_root_on_debian_the_browser_is_debians(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _installed(monkeypatch, root=True, debian=True)[1][:3] == ("apt-get", "install", "-qy")


@pytest.mark.parametrize(("root", "debian"), [(False, True), (True, False)])
def test_elsewhere_the_browser_is_playwrights(
    monkeypatch: pytest.MonkeyPatch, root: bool, debian: bool
) -> None:
    (command,) = _installed(monkeypatch, root, debian)
    assert command[1:] == ("-m", "playwright", "install", "chromium")


def _installed(monkeypatch: pytest.MonkeyPatch, root: bool, debian: bool) -> list[tuple[str, ...]]:
    """The commands that would install a browser on such a system."""
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser, "_ran", lambda *command: not commands.append(command))
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/bin/{name}" if debian else None)
    assert browser.ensure() is None
    return commands
