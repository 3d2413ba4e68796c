"""The knowledge check: mkdocs-quiz renders, shuffles, locks and stores; this adds what it lacks."""

import hashlib
import math
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag
from mkdocs_quiz.parsing import collect_feedback, find_quizzes, parse_answer

from _hooks.errors import BuildError

LETTERS = "ABCDEFGH"
UNUSED = "style, .quiz-header-link, #quiz-progress-sidebar, #quiz-progress-mobile"
SCREEN_ONLY = (
    f"{UNUSED}, script, link, noscript, button, .quiz-intro, .quiz-result, section.content"
)

KEY_NOTE = (
    '<p>The key, with all explanations, is at the <a href="#quiz-key">end of the book</a>.</p>'
)


class Option(NamedTuple):
    """One option as the author wrote it: its line, whether it is right, its text, and why."""

    line: int
    right: bool
    text: str
    why: str


class Question(NamedTuple):
    """One `<quiz>` as the author wrote it."""

    line: int
    text: str
    options: tuple[Option, ...]


def parse(markdown: str) -> list[Question]:
    """The questions of a page, with the lines they stand on."""
    return [
        _question(quiz[1], markdown.count("\n", 0, quiz.start(1)) + 1)
        for quiz in find_quizzes(markdown)
    ]


def _question(body: str, start: int) -> Question:
    lines = body.split("\n")
    answers = [(i, found) for i, line in enumerate(lines) if (found := parse_answer(line))]
    options = [
        Option(start + i, right, text, " ".join((collect_feedback(lines, i + 1)[0] or "").split()))
        for i, (right, text) in answers
    ]
    stem = lines[: answers[0][0]] if answers else lines
    return Question(start, " ".join(" ".join(stem).split()), tuple(options))


def check(markdown: str, file: Path | str) -> None:
    """Refuse a question that cannot be answered, explained or marked."""
    for question in parse(markdown):
        line, options = question.line, question.options
        right = sum(option.right for option in options)
        if len(options) < 4:
            raise BuildError(
                f"a question has {len(options)} options, at least 4 needed", file, line
            )
        if right != 1:
            raise BuildError(f"a question has {right} right options, 1 needed", file, line)
        if len({option.text for option in options}) < len(options):
            raise BuildError("a question has the same option twice", file, line)
        _check_options(question, markdown.split("\n"), file)


def _check_options(question: Question, lines: list[str], file: Path | str) -> None:
    for option in question.options:
        if not option.why.startswith("**"):
            message = "an option has no explanation `> **Its name.** …` on the next line"
            raise BuildError(message, file, option.line)
    # mkdocs-quiz drops, without a word, the options that follow such a line
    for number in range(question.options[0].line, question.options[-1].line):
        if lines[number - 1] and not lines[number - 1].startswith(("- [", ">")):
            raise BuildError("between options stand only `- [ ]` and `>`", file, number)


def finish(html: str, pass_mark: int, assets: str) -> str:
    """The page with required choices, answers without JavaScript, the result, style and script.

    Takes the page's HTML after mkdocs-quiz, the pass mark in percent, and the way to `assets/`.
    """
    soup = BeautifulSoup(html, "html.parser")
    for unused in soup.select(UNUSED):
        unused.decompose()
    quizzes = soup.select(".quiz")
    for quiz in quizzes:
        _finish_question(quiz)
    _one(soup, ".quiz-intro").insert_before(_result(quizzes, pass_mark))
    soup.insert(0, _fragment(f'<link rel="stylesheet" href="{assets}/quiz.css">'))
    soup.append(_fragment(f'<script defer src="{assets}/quiz.js"></script>'))
    return str(soup)


def _finish_question(quiz: Tag) -> None:
    for box in quiz.select("input"):
        box["required"] = ""
    form = _one(quiz, "form")
    # focus moves to the feedback: from there the options and their explanations are read on
    form.insert(0, _one(quiz, ".quiz-feedback"))
    answers = f"{_answer(quiz)}{_one(quiz, 'section.content').decode_contents()}"
    answers = f"<details><summary>Answer</summary>{answers}</details>"
    form.insert_after(_fragment(f"<noscript>{answers}</noscript>"))


def _result(quizzes: list[Tag], pass_mark: int) -> Tag:
    """The live region; its version makes the browser forget results of other questions."""
    version = hashlib.sha256("".join(map(str, quizzes)).encode()).hexdigest()[:12]
    needed = math.ceil(len(quizzes) * pass_mark / 100)
    return _fragment(
        f'<p class="quiz-result" role="status" data-needed="{needed}" data-version="{version}">'
        f"{needed} right answers of {len(quizzes)} are a pass ({pass_mark} %).</p>"
    )


def _answer(quiz: Tag) -> str:
    """The right letter, and the explanations in the order of the options."""
    whys = "".join(f"<li>{why.decode_contents()}</li>" for why in quiz.select(".answer-feedback"))
    return f'<p>The right answer is <strong>{_letter(quiz)}</strong>.</p><ol type="A">{whys}</ol>'


def _letter(quiz: Tag) -> str:
    rights = [box.has_attr("data-correct") for box in quiz.select("input")]
    return LETTERS[rights.index(True)]


def print_html(html: str) -> str:
    """The page for the book in print: the questions unanswered, with lettered options."""
    soup = BeautifulSoup(html, "html.parser")
    for quiz in soup.select(".quiz"):
        options = "".join(f"<li>{label.decode_contents()}</li>" for label in quiz.select("label"))
        _one(quiz, "form").replace_with(
            _fragment(f'<ol type="A" class="quiz-options">{options}</ol>')
        )
    result = _one(soup, ".quiz-result")
    _heading(result).string = "Key"
    result.insert_before(_fragment(KEY_NOTE))
    for extra in soup.select(SCREEN_ONLY):
        extra.decompose()
    return str(soup)


def key_html(html: str) -> str:
    """The key with all explanations, for the end of the book; takes what `finish` gave."""
    soup = BeautifulSoup(html, "html.parser")
    entries = "".join(f"<h2>{_title(quiz)}</h2>{_answer(quiz)}" for quiz in soup.select(".quiz"))
    heading = '<h1 id="quiz-key-title">Key to the knowledge check</h1>'
    return f'<section class="print-page quiz-key" id="quiz-key">{heading}{entries}</section>'


def _title(quiz: Tag) -> str:
    return "".join(_heading(quiz).find_all(string=True, recursive=False)).strip()


def _heading(tag: Tag) -> Tag:
    heading = tag.find_previous("h2")
    if not isinstance(heading, Tag):
        raise BuildError("the quiz has a part without a heading before it")
    return heading


def _one(tag: Tag, selector: str) -> Tag:
    found = tag.select_one(selector)
    if found is None:
        raise BuildError(f"mkdocs-quiz made a page without '{selector}'")
    return found


def _fragment(html: str) -> Tag:
    return _one(BeautifulSoup(html, "html.parser"), "*")
