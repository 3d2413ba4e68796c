import pytest

MARKED = "[...document.querySelectorAll('.marked')].map(e => [e.localName, e.dataset.sym])"
CHOSEN = "alpha"


@pytest.fixture
def page(address, open_page):
    return open_page(address + "attention.html")


def test_pointing_at_a_symbol_marks_it_in_formulas_tables_and_code(page):
    page.locator(f"math [data-sym={CHOSEN}]").first.hover()
    marked = page.evaluate(MARKED)
    assert {key for _, key in marked} == {CHOSEN}
    assert {"tr", "code", "span"} <= {name for name, _ in marked}
    assert len(marked) == page.locator(f"[data-sym={CHOSEN}]").count()


def test_focusing_the_row_of_a_symbol_marks_it_everywhere(page):
    row = page.locator(f"tr[data-sym={CHOSEN}]").first
    row.focus()
    assert {key for _, key in page.evaluate(MARKED)} == {CHOSEN}
    page.keyboard.press("Escape")
    assert not page.evaluate(MARKED)


def test_the_rows_of_a_table_of_symbols_are_stops_of_the_tab_key(page):
    rows = page.locator("tr[data-sym]")
    rows.first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.sym") == rows.nth(1).get_attribute(
        "data-sym"
    )


def test_pointing_elsewhere_takes_the_marks_away(page):
    page.locator(f"math [data-sym={CHOSEN}]").first.hover()
    page.locator("h1").hover()
    assert not page.evaluate(MARKED)


def test_a_symbol_has_one_color_in_formula_table_and_code(page):
    colors = page.evaluate(
        """key => [...document.querySelectorAll(`[data-sym=${key}]:not(tr)`)].map(
            e => getComputedStyle(e).color)""",
        CHOSEN,
    )
    assert len(colors) > 3
    assert len(set(colors)) == 1


def test_every_symbol_has_a_line_besides_its_color(page):
    lines = page.evaluate(
        """[...document.querySelectorAll('.sym')].map(e => getComputedStyle(e)).map(
            s => s.textDecorationLine == 'underline' || parseFloat(s.borderBottomWidth) > 0)"""
    )
    assert all(lines)


def test_formulas_are_set_in_the_font_of_the_book(page):
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].map(f => [f.family, f.status])") == [
        ["Book Math", "loaded"]
    ]
