"""The knowledge check asks fairly: only understanding passes, and every option is explained."""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest
from _hooks import quiz
from _hooks.errors import BuildError
from bs4 import BeautifulSoup

from tests.book import quiz_site

MARKDOWN = quiz_site.PAGE.read_text("utf-8")
QUESTIONS = quiz.parse(MARKDOWN)
NEEDED = 6

QUESTION = """
<quiz>
Why?

- [x] One.
> **Correct.** So it is.
- [ ] Two.
> **The second.** No.
- [ ] Three.
> **The third.** No.
- [ ] Four.
> **The fourth.** No.
</quiz>
"""


def plain(text: str) -> str:
    """An option as the reader sees it: no TeX, no markup."""
    return re.sub(r"\\s\{(\w)\w*\}|\\\w+|[$*{}]", r"\1", text)


def score(choose: Callable[[list[quiz.Option]], int]) -> int:
    """How many questions a strategy gets right that sees the options but not the key."""
    return sum(q.options[choose(list(q.options))].right for q in QUESTIONS)


def by_length(pick: Callable[..., int]) -> Callable[[list[quiz.Option]], int]:
    return lambda options: pick(range(len(options)), key=lambda i: len(plain(options[i].text)))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return quiz_site.build(tmp_path_factory.mktemp("quiz"))


def article(site) -> BeautifulSoup:
    page = BeautifulSoup((site / "quiz.html").read_text("utf-8"), "html.parser")
    return page.select_one("article")


def test_eight_questions_have_at_least_four_options_and_one_right_one():
    assert len(QUESTIONS) == 8
    assert all(len(q.options) >= 4 for q in QUESTIONS)
    assert all(sum(o.right for o in q.options) == 1 for q in QUESTIONS)


def test_every_option_is_explained_and_every_misconception_has_its_own_name():
    names = [re.match(r"\*\*(.+?)\.\*\* \S", o.why)[1] for q in QUESTIONS for o in q.options]
    rights = [o.right for q in QUESTIONS for o in q.options]
    wrong = [name for name, right in zip(names, rights, strict=True) if not right]
    assert [name == "Correct" for name in names] == rights
    assert len(set(wrong)) == len(wrong)


def test_each_question_sends_the_reader_back_to_its_section():
    pages = re.findall(r"^Look again at .*\((.+)\.md(?:#[\w-]+)?\)\.$", MARKDOWN, re.MULTILINE)
    sections = {
        "bottleneck",
        "attention",
        "soft-and-hard",
        "turing-machines",
        "memory-networks",
        "transformers",
    }
    assert len(pages) == 8
    assert set(pages) == sections


def test_questions_are_numbered_in_their_order():
    assert re.findall(r"^## Question (\d):", MARKDOWN, re.MULTILINE) == list("12345678")


def test_the_key_is_balanced_over_positions():
    positions = Counter([o.right for o in q.options].index(True) for q in QUESTIONS)
    assert set(positions.values()) == {2}
    assert len(positions) == 4


@pytest.mark.parametrize("position", range(4))
def test_always_the_same_position_scores_below_half(position):
    assert score(lambda options: position) < len(QUESTIONS) / 2


@pytest.mark.parametrize("pick", [max, min], ids=["longest", "shortest"])
def test_always_the_longest_or_shortest_scores_below_half(pick):
    assert score(by_length(pick)) < len(QUESTIONS) / 2


@pytest.mark.parametrize("position", range(4))
def test_always_the_same_position_is_a_guess_after_shuffling(position):
    rng = random.Random(0)
    scores = [score(lambda options: rng.sample(range(4), 4)[position]) for _ in range(2000)]
    assert sum(scores) / len(scores) == pytest.approx(2, abs=0.15)
    assert sum(s >= NEEDED for s in scores) / len(scores) < 0.01


def test_the_right_option_is_about_as_long_as_the_others():
    for q in QUESTIONS:
        lengths = [len(plain(o.text)) for o in q.options]
        assert max(lengths) <= 1.35 * min(lengths), q.text


def test_seventy_percent_of_eight_are_six_and_nothing_counts_in_part(site):
    page = article(site)
    result = page.select_one(".quiz-result")
    assert result["data-needed"] == str(NEEDED)
    assert result["role"] == "status"
    assert "6 right answers of 8 are a pass (70 %)" in result.text
    assert {box["type"] for box in page.select(".quiz input")} == {"radio"}
    assert len(page.select('.quiz[data-disable-after-submit="true"]')) == 8
    assert not page.select("[data-auto-submit]")


def test_every_choice_is_required_and_grouped_under_its_question(site):
    page = article(site)
    assert all(box.has_attr("required") for box in page.select(".quiz input"))
    for group in page.select(".quiz fieldset"):
        assert page.find(id=group["aria-labelledby"]).text.strip()


def test_without_javascript_each_question_has_its_answer_behind_a_disclosure(site):
    details = article(site).select(".quiz noscript > details")
    rights = [[o.right for o in q.options].index(True) for q in QUESTIONS]
    assert [d.select_one("strong").text for d in details] == [quiz.LETTERS[i] for i in rights]
    assert [len(d.select("li")) for d in details] == [4] * 8


def test_only_the_quiz_page_carries_quiz_assets(site):
    assert "quiz" not in (site / "bottleneck.html").read_text("utf-8").replace("quiz.html", "")
    page = article(site)
    assert not page.select(".quiz-results, #quiz-progress-sidebar, style")
    assert "confetti.browser" not in str(page)


def test_in_print_questions_are_unanswered_and_lettered(site):
    page = BeautifulSoup(quiz.print_html(str(article(site))), "html.parser")
    assert [len(ol.select("li")) for ol in page.select('.quiz ol[type="A"]')] == [4] * 8
    assert not page.select("script, style, form, input, button, noscript, [role=status]")
    assert not any(o.why.split("** ")[1][:30] in page.text for q in QUESTIONS for o in q.options)


def test_in_print_the_questions_lead_to_the_key_at_the_end(site):
    page = BeautifulSoup(quiz.print_html(str(article(site))), "html.parser")
    key = BeautifulSoup(quiz.key_html(str(article(site))), "html.parser")
    assert page.select_one('a[href="#quiz-key"]')
    assert key.select_one("section.print-page#quiz-key > h1")
    assert "Your result" not in page.text


def test_the_printed_key_names_each_question_with_its_letter_and_explanations(site):
    key = BeautifulSoup(quiz.key_html(str(article(site))), "html.parser")
    rights = [[o.right for o in q.options].index(True) for q in QUESTIONS]
    assert [h.text.split(":")[0] for h in key.select("h2")] == [
        f"Question {n}" for n in range(1, 9)
    ]
    assert [p.strong.text for p in key.select("p")] == [quiz.LETTERS[i] for i in rights]
    for right, answers in zip(rights, key.select("ol"), strict=True):
        leads = [li.strong.text for li in answers.select("li")]
        assert leads.index("Correct.") == right


def test_our_script_is_small():
    assert (quiz_site.PAGE.parent / "assets" / "quiz.js").stat().st_size <= 6_000


def test_the_page_of_the_book_passes_the_check():
    quiz.check(MARKDOWN, "docs/quiz.md")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("- [ ] Four.\n> **The fourth.** No.\n", "", 2, "3 options"),
        ("- [ ] Two", "- [x] Two", 2, "2 right options"),
        ("- [x] One", "- [ ] One", 2, "0 right options"),
        ("Four.", "Two.", 2, "the same option twice"),
        ("> **The second.** No.\n", "", 7, "no explanation"),
        ("> **The second.** No.", "> No.", 7, "no explanation"),
        ("> **The second.** No.", "> **The second.** No,\nnever.", 9, "between options"),
    ],
)
def test_a_defect_of_a_question_is_refused_with_its_line(old, new, line, message):
    quiz.check(QUESTION, "docs/quiz.md")
    with pytest.raises(BuildError, match=f"^docs/quiz.md:{line}: .*{message}"):
        quiz.check(QUESTION.replace(old, new), "docs/quiz.md")
