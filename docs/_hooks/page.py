"""What is done to a page's HTML: formulas, symbols in code, what keyboards and readers need."""

import html
import re

from _hooks import symbols
from _hooks.errors import BuildError

MATH = re.compile(
    r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>([.,;:!?)]*)', re.DOTALL
)
USED = re.compile(r'data-sym="(\w+)"')
FIRST = re.compile(r"(<tr>\s*)<td([^>]*)>(.*?)</td>", re.DOTALL)
HEADING_OR_BOX = re.compile(r'<h([1-6])\b.*?>(.*?)</h\1>|aria-label="(Table|Equation)"', re.DOTALL)
TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)


def finish(content: str, file: str) -> str:
    """The page's HTML with MathML, marked symbols, and scrolling boxes that a keyboard reaches."""
    content = MATH.sub(lambda m: _formula(m, file), content)
    content = symbols.mark_code(content, dict.fromkeys(USED.findall(content)))
    content = TABLE.sub(_table, content)
    content = re.sub(r"<th\b([^>]*)></th>", r"<td\1></td>", content)
    content = _name_boxes(content)
    return re.sub(r"<!--\s*pytest-codeblocks:.*?-->\n?", "", content)


def _table(match: re.Match[str]) -> str:
    """A table in a box that scrolls; a table of symbols is a legend, looked up and not read."""
    kind = "data legend" if 'class="swatch' in match[1] else "data"
    rows = FIRST.sub(_row_header, match[1])
    return (
        '<div class="scroll" tabindex="0" role="group" aria-label="Table">'
        f'<table class="{kind}">{rows}</table></div>'
    )


def _row_header(match: re.Match[str]) -> str:
    """What begins a row is its header, unless it is a formula, in which axe finds no text."""
    if not re.sub(r"<math.*?</math>|<.*?>", "", match[3], flags=re.DOTALL).strip():
        return match[0]
    return f'{match[1]}<th scope="row"{match[2]}>{match[3]}</th>'


def _name_boxes(content: str) -> str:
    """Name each box after the heading above it, which those who jump from box to box don't hear."""
    heading = ""

    def name(match: re.Match[str]) -> str:
        nonlocal heading
        if not match[3]:
            text = re.sub(r'<a class="headerlink".*?</a>|<.*?>', "", match[2], flags=re.DOTALL)
            heading = ": " + html.escape(html.unescape(" ".join(text.split())))
            return match[0]
        return f'aria-label="{match[3]}{heading}"'

    return HEADING_OR_BOX.sub(name, content)


def _formula(match: re.Match[str], file: str) -> str:
    display = match[2] == "["
    try:
        mathml = symbols.formula(html.unescape(match[3]).strip(), display)
    except BuildError as error:
        raise BuildError(error.message, file) from error
    if not display:  # no line ends between a formula and the stop behind it
        return f'<span class="kept">{mathml}{match[4]}</span>' if match[4] else mathml
    box = '<div class="equation" tabindex="0" role="group" aria-label="Equation">'
    return f"{box}{mathml}</div>{match[4]}"
