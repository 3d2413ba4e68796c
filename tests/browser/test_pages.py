import gzip
import re

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

SCHEMES = ("default", "slate")
WIDTHS = (320, 768, 1440)
COMPRESSED = (".woff2", ".png", ".gz", ".pdf")


def in_scheme(page, scheme):
    page.evaluate("scheme => document.body.dataset.mdColorScheme = scheme", scheme)


@pytest.fixture(scope="module")
def loads(pages, address, visit):
    """Page → what it loaded, each page with an empty cache: pairs of address and status."""
    found = {}
    for name in pages:
        with visit(address + name) as (page, heard):
            page.wait_for_load_state("networkidle")
            found[name] = heard
    return found


def test_no_page_is_wider_than_the_screen(pages, address, open_page):
    page = open_page(address + pages[0])
    wide = []
    for name in pages:
        page.goto(address + name)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                in_scheme(page, scheme)
                taken = page.evaluate("document.documentElement.scrollWidth")
                if taken > width:
                    wide.append(f"{name} takes {taken} px of {width} in {scheme}")
    assert not wide


def test_no_page_is_wider_than_a_telephone_without_javascript(pages, address, open_page):
    page = open_page(address + pages[0], width=320, java_script_enabled=False)
    taken = {}
    for name in pages:
        page.goto(address + name)
        taken[name] = page.evaluate("document.documentElement.scrollWidth")
    assert {name: width for name, width in taken.items() if width > 320} == {}


def test_no_request_leaves_the_site_and_none_fails(loads, address):
    wrong = [
        f"{name}: {status} {url}"
        for name, heard in loads.items()
        for url, status in heard
        if not url.startswith((address, "data:", "blob:")) or status != 200
    ]
    assert not wrong


def test_no_request_leaves_the_disk_and_none_fails(pages, site, visit):
    with visit("about:blank") as (page, heard):
        for name in pages:
            page.goto((site / name).as_uri())
    given_up = "net::ERR_ABORTED"  # the icon was still loading when the test went on
    wrong = [(url, status) for url, status in heard if status not in (200, given_up)]
    assert not wrong


def test_no_page_names_another_host_but_in_links(pages, site):
    loads = re.compile(r'<(?!a\b)\w+[^>]*?\s(?:src|href|srcset)="(?:https?:)?//[^"]*"[^>]*>')
    found = [tag for name in pages for tag in loads.findall((site / name).read_text("utf-8"))]
    assert not [tag for tag in found if 'rel="canonical"' not in tag]


@pytest.mark.parametrize("where", ["file", "http"])
def test_search_finds_a_chapter(where, site, address, open_page):
    page = open_page((site / "index.html").as_uri() if where == "file" else address + "index.html")
    page.keyboard.press("/")
    page.keyboard.type("bottleneck")
    page.wait_for_selector(".md-search-result__link", timeout=10_000)
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url(re.compile(r"/bottleneck\.html"))
    expect(page.locator("h1")).to_have_text(re.compile("^The bottleneck"))


@pytest.mark.parametrize(("name", "box"), [("Contents", "drawer"), ("Search", "search")])
def test_menu_and_search_open_and_close_by_keyboard_and_say_so(name, box, address, open_page):
    page = open_page(address + "index.html", width=320)
    button = page.get_by_role("button", name=name, exact=True)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    assert page.locator(f"#__{box}").is_checked()
    assert page.locator(f"#{button.get_attribute('aria-controls')}").count() == 1
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    assert not page.locator("label button").count()


@pytest.mark.parametrize(("width", "shown"), [(320, [True, True]), (1440, [False, False])])
def test_the_buttons_of_menu_and_search_show_where_the_labels_would(
    width, shown, address, open_page
):
    page = open_page(address + "index.html", width=width)
    buttons = [page.locator(f"header button[aria-controls={n}-box]") for n in ("drawer", "search")]
    assert [button.is_visible() for button in buttons] == shown


def test_the_menu_opens_without_javascript(address, open_page):
    page = open_page(address + "index.html", width=320, java_script_enabled=False)
    page.locator(".md-header__button[for=__drawer]").click()
    assert page.locator("#__drawer").is_checked()


def test_every_page_describes_itself(pages, site):
    found = {}
    for name in pages:
        page = BeautifulSoup((site / name).read_text("utf-8"), "html.parser")
        description = page.find("meta", {"name": "description"})
        assert description, name
        assert found.setdefault(description["content"], name) == name
        assert len(page.find_all("h1")) == 1, name


def test_a_page_with_all_it_loads_stays_below_150_kb(loads, address, site):
    heavy = {}
    for name, heard in loads.items():
        files = {site / url.removeprefix(address) for url, _ in heard if url.startswith(address)}
        if (taken := sum(map(weight, files))) > 150_000:
            heavy[name] = taken
    assert not heavy


def test_our_own_script_stays_below_30_kb(site):
    ours = list((site / "assets").glob("*.js"))
    assert ours
    assert sum(map(weight, ours)) <= 30_000


def weight(path):
    data = path.read_bytes()
    return len(data if path.suffix in COMPRESSED else gzip.compress(data, 6))


def test_pages_can_be_read_without_javascript(pages, address, open_page):
    page = open_page(address + pages[0], java_script_enabled=False)
    for name in pages:
        page.goto(address + name)
        assert page.locator("h1").is_visible(), name
        assert page.locator("main p").first.is_visible(), name


def test_tabs_answers_and_formulas_work_without_javascript(address, open_page):
    page = open_page(address + "attention.html", java_script_enabled=False)
    panel = page.locator(".stakeholders")
    panel.get_by_text("Engineer", exact=True).click()
    shown = panel.locator(".tabbed-block")
    assert [shown.nth(i).is_visible() for i in range(3)] == [False, False, True]
    answer = page.locator("details.predict").first
    answer.locator("summary").click()
    assert answer.locator("p").first.is_visible()
    assert page.locator("math").first.is_visible()
    assert not page.get_by_label("Search").first.is_visible()


def test_the_choice_of_a_stakeholder_is_kept_on_the_next_page(address, open_page):
    page = open_page(address + "attention.html")
    page.locator(".stakeholders").get_by_text("Executive", exact=True).click()
    page.goto(address + "bottleneck.html")
    assert page.locator(".stakeholders .tabbed-block").nth(1).is_visible()


def test_code_is_copied_as_it_stands(address, open_page):
    page = open_page(address + "attention.html", permissions=["clipboard-read", "clipboard-write"])
    block = page.locator(".highlight:has(.copy-code:visible)").first
    block.hover()
    block.get_by_role("button", name="Copy").click()
    page.get_by_role("status").get_by_text("Copied").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == block.locator("code").text_content()


def test_what_could_not_be_copied_stays_selected_and_the_button_says_so(address, open_page):
    page = open_page(address + "attention.html")
    page.evaluate(
        """() => {
            navigator.clipboard.writeText = () => Promise.reject();
            document.execCommand = () => false;
        }"""
    )
    block = page.locator(".highlight:has(.copy-code:visible)").first
    block.hover()
    block.get_by_role("button", name="Copy").click()
    page.get_by_role("status").get_by_text("Press Ctrl+C").wait_for(state="attached")
    selected, code = page.evaluate("getSelection().toString()"), block.locator("code").inner_text()
    assert selected.strip() == code.strip()
