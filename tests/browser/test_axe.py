import json

import pytest
from axe_playwright_python.sync_playwright import Axe

ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLORS = ["color-contrast", "link-in-text-block"]
# Thousands of elements made alike: one page is looked at with them, the others without.
ALIKE = [["math"], [".highlight pre"]]


def barriers(page, rules=ALL, without=()):
    """What axe finds on a page, a line each."""
    page.evaluate(Axe().axe_script)
    where = {"include": [["html"]], "exclude": list(without)}
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = page.evaluate(f"axe.run({json.dumps(where)}, {json.dumps(options)})")["violations"]
    return [
        f"{page.url}: {rule['id']}: {node['html'][:160]}: {node['failureSummary'].splitlines()[-1]}"
        for rule in found
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize(("scheme", "rules"), [("light", ALL), ("dark", COLORS)])
def test_no_page_has_a_barrier(scheme, rules, pages, address, open_page):
    page = open_page(address + pages[0], color_scheme=scheme)
    found = []
    for name in pages:
        page.goto(address + name)
        found += barriers(page, rules, ALIKE)
    assert not found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_formulas_code_tabs_and_answers_have_no_barrier(scheme, address, open_page):
    page = open_page(address + "bottleneck.html", color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(
        "document.querySelectorAll('.tabbed-set > input + input').forEach(i => i.click())"
    )
    assert not barriers(page)


def test_a_small_screen_has_no_barrier(pages, address, open_page):
    page = open_page(address + pages[0], width=320)
    found = []
    for name in pages[:4]:
        page.goto(address + name)
        found += barriers(page, without=ALIKE)
    assert not found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_has_no_barrier(scheme, address, open_page):
    page = open_page(address + "index.html", color_scheme=scheme)
    page.keyboard.press("/")
    page.keyboard.type("attention")
    page.wait_for_selector(".md-search-result__link")
    assert not barriers(page, without=ALIKE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_menu_has_no_barrier(scheme, address, open_page):
    page = open_page(address + "bottleneck.html", width=320, color_scheme=scheme)
    page.get_by_role("button", name="Contents").click()
    page.wait_for_function(
        "document.querySelector('.md-sidebar--primary').getBoundingClientRect().left >= 0"
    )
    assert not barriers(page, without=ALIKE)
