"""The knowledge check in a browser, from a file, by keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.book import quiz_site


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return (quiz_site.build(tmp_path_factory.mktemp("quiz")) / "quiz.html").as_uri()


@pytest.fixture
def page(chromium, url):
    """The quiz in a fresh profile; a request to another host fails the test."""
    requests: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto(url)
        yield page
    assert all(request.startswith("file:") for request in requests), requests


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def answer(page: Page, number: int, right: bool) -> None:
    """Answer question `number` with Tab, Space, arrow keys and Enter."""
    tab_to(page, f"#quiz-{number} input")
    key = page.eval_on_selector_all(
        f"#quiz-{number} input", "boxes => boxes.findIndex(box => box.dataset.correct)"
    )
    page.keyboard.press("Space")
    for _ in range(key if right else (key + 1) % 4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def answer_all(page: Page, right: int) -> None:
    for number in range(8):
        answer(page, number, number < right)


def test_six_of_eight_pass_and_the_result_survives_a_reload(page):
    answer_all(page, right=6)
    result = page.get_by_role("status")
    expect(result).to_have_text("Passed: 6 of 8 right.")
    page.reload()
    expect(result).to_have_text("Passed: 6 of 8 right.")
    expect(page.locator(".quiz input:enabled")).to_have_count(0)
    expect(page.locator(".answer-feedback:visible")).to_have_count(32)


def test_five_of_eight_do_not_pass_and_a_reset_starts_again(page):
    answer_all(page, right=5)
    result = page.get_by_role("status")
    expect(result).to_contain_text("Not passed: 5 of 8 right, 6 needed.")
    page.on("dialog", lambda dialog: dialog.accept())
    tab_to(page, ".quiz-intro-reset")
    page.keyboard.press("Enter")
    expect(result).to_contain_text("0 of 8 answered, 0 right.")
    expect(page.locator(".quiz input:enabled")).to_have_count(32)
    expect(page.locator(".answer-feedback:visible")).to_have_count(0)


def test_an_answer_counts_once_and_is_followed_by_the_verdict_and_all_explanations(page):
    answer(page, 0, right=False)
    focused = page.locator(":focus")
    expect(focused).to_have_text(page.locator("#quiz-0 .quiz-feedback").inner_text())
    letter = page.eval_on_selector_all(
        "#quiz-0 input", "boxes => 'ABCD'[boxes.findIndex(box => box.dataset.correct)]"
    )
    expect(focused).to_have_text(f"Wrong. The right answer is {letter}.")
    expect(page.locator("#quiz-0 .answer-feedback:visible")).to_have_count(4)
    expect(page.locator("#quiz-0 input:enabled")).to_have_count(0)
    expect(page.locator("#quiz-0 button:visible")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("1 of 8 answered, 0 right.")


def test_arrow_keys_choose_without_submitting_and_nothing_chosen_is_no_answer(page):
    tab_to(page, "#quiz-0 .quiz-button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("0 of 8 answered")
    expect(page.locator("#quiz-0 input:focus")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#quiz-0 input:checked")).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("0 of 8 answered")


def test_results_of_other_questions_are_forgotten(page):
    answer(page, 0, right=True)
    page.evaluate("localStorage.setItem(`quiz_progress_${location.pathname}_version`, 'older')")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("0 of 8 answered")


def test_shuffling_puts_each_key_in_every_position_equally_often(page):
    """The plugin's script runs again, as on a new visit, and shuffles the options each time."""
    counts = page.evaluate("""() => {
        const source = [...document.scripts].find((s) => s.text.includes("shuffleAnswers")).text;
        const groups = [...document.querySelectorAll(".quiz fieldset")];
        const counts = groups.map(() => [0, 0, 0, 0]);
        for (let visit = 0; visit < 100; visit++) {
            (0, eval)(source);
            groups.forEach((group, i) => {
                const boxes = [...group.querySelectorAll("input")];
                counts[i][boxes.findIndex((box) => box.dataset.correct)]++;
            });
        }
        return counts;
    }""")
    assert len(counts) == 8
    # five standard deviations of a fair draw: sqrt(100 · ¼ · ¾) = 4.3
    assert all(abs(count - 25) < 22 for positions in counts for count in positions), counts


def test_without_javascript_a_disclosure_opens_the_answer(chromium, url):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(url)
        expect(page.locator(".quiz button:visible, .quiz-intro:visible")).to_have_count(0)
        expect(page.locator(".quiz label:visible")).to_have_count(32)
        explanation = page.locator("#quiz-0 details li").first
        expect(explanation).not_to_be_visible()
        page.locator("#quiz-0 summary").focus()
        page.keyboard.press("Enter")
        expect(explanation).to_contain_text("The curve as proof.")
        expect(explanation).to_be_visible()


def test_choices_fit_a_narrow_screen(page):
    page.set_viewport_size({"width": 320, "height": 640})
    answer(page, 0, right=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
