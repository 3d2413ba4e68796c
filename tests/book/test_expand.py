"""A page is expanded line by line, and what can't be expanded is named with its line."""

from pathlib import Path

import pytest
from _hooks import expand, source
from _hooks.errors import BuildError

PAGE = Path("docs/page.md")
MACROS = {"twice": lambda x: x * 2, "tall": lambda: "one\ntwo"}


def lines(text: str) -> list[expand.Line]:
    return expand.expand(text, MACROS, PAGE)


def test_plain_text_stays_as_it_is() -> None:
    assert lines("# Title\n\ntext") == [("# Title", 1), ("", 2), ("text", 3)]


def test_a_macro_is_called_and_its_lines_keep_the_line_of_the_page() -> None:
    assert lines("a\n{{ tall() }}\nb") == [("a", 1), ("one", 2), ("two", 2), ("b", 3)]


def test_what_a_macro_writes_stays_in_the_box_of_its_line() -> None:
    text = expand.text(lines('??? more "Title"\n\n    {{ tall() }}'))
    assert text == '??? more "Title"\n\n    one\n    two'


def test_a_macro_inside_a_fence_is_left_alone() -> None:
    text = "```python\nx = '{{ twice(2) }}'\n```"
    assert expand.text(lines(text)) == text


def test_a_definition_is_cut_out_with_its_imports_and_runs() -> None:
    block = expand.text(lines('```python\n--8<-- "attn.ops.scores.scaled_dot"\n```'))
    code = "\n".join(block.split("\n")[1:-1])
    assert code.startswith("import math\n")
    assert "Shapes:" in code
    assert "Source:" not in code
    exec(code, {})


def test_a_program_comes_with_its_copy_and_its_output() -> None:
    text = expand.text(lines('--8<-- "snippets/attention/three_steps.py"'))
    assert text.index('=== "With attn"') < text.index('=== "NumPy only"')
    assert text.index("expected-output") < text.index('```text title="Output"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{{ thrice(2) }}", "docs/page.md:2: .*'thrice' is undefined"),
        ("{{ twice( }}", "docs/page.md:1: .*twice"),
        ("{{ twice() }}", "docs/page.md:1: .*missing 1 required"),
        ('a\n\n```python\n--8<-- "attn.ops.scores.dotty"\n```', "docs/page.md:4: .*'dotty'"),
        ('```python\n--8<-- "attn.ops.score.dot"\n```', "docs/page.md:2: .*'attn.ops.score'"),
        ('--8<-- "attn.ops.scores.dot"', "docs/page.md:1: .*inside a ```python fence"),
        ('--8<-- "snippets/attention/nothing.py"', "docs/page.md:1: there is no program"),
        ("a\n```python\nx = 1", "docs/page.md:3: a code fence is never closed"),
    ],
)
def test_what_cannot_be_expanded_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        lines(text)


def test_the_docstring_of_a_cut_definition_is_its_first_sentence_and_its_shapes() -> None:
    cut = source.cut("attn.ops.softmax.softmax")
    assert "A row that may attend to nothing" not in cut
    assert "Shapes: e (..., m)" in cut
