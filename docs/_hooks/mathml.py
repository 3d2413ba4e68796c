"""TeX to MathML, and the mathematics font cut down to the glyphs that the book uses."""

import hashlib
import html
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import distribution, version
from pathlib import Path

import math_core
from fontTools import subset
from fontTools.ttLib import TTFont

from _hooks import code_key, whole
from _hooks.errors import BuildError

# math-core knows named colors alone, and its output is an inline color. So each symbol of a formula
# is written in a color of its own, and the color is the way back from the output to the symbol.
CARRIERS = (
    "Apricot Aquamarine Bittersweet Black Blue BlueGreen BlueViolet BrickRed Brown BurntOrange "
    "CadetBlue CarnationPink Cerulean CornflowerBlue Cyan Dandelion DarkOrchid Emerald ForestGreen "
    "Fuchsia Goldenrod Gray Green GreenYellow JungleGreen Lavender LimeGreen Magenta Mahogany"
).split()
SYMBOL = re.compile(r"\\s\{(\w+)\}")
# The font comes in the wheel of ziamath, of which nothing is run.
FONT = Path(str(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")))


@lru_cache(maxsize=1)
def _converter() -> math_core.LatexToMathML:
    return math_core.LatexToMathML(fancy_error=False)


@lru_cache(maxsize=1)
def _carriers() -> dict[str, str]:
    """Named color → the hexadecimal color it comes out as, each hexadecimal color once."""
    found: dict[str, str] = {}
    for name in CARRIERS:
        mathml = _converter().convert_with_local_state(
            rf"\textcolor{{{name}}}{{x}}", displaystyle=False
        )
        color = re.search(r"color:(#\w+)", mathml)
        if color and color[1] not in found.values():
            found[name] = color[1]
    return found


def to_mathml(tex: str, display: bool, symbol: Callable[[str], tuple[str, str]]) -> str:
    r"""MathML of a formula; `\s{key}` becomes what `symbol(key) -> (tex, attributes)` says."""
    keys = list(dict.fromkeys(SYMBOL.findall(tex)))
    if len(keys) > len(_carriers()):
        raise BuildError(
            f"a formula with {len(keys)} different symbols; at most {len(_carriers())}: {tex}"
        )
    carriers = dict(zip(keys, _carriers().items(), strict=False))
    marked = SYMBOL.sub(lambda m: rf"\textcolor{{{carriers[m[1]][0]}}}{{{symbol(m[1])[0]}}}", tex)
    try:
        mathml = _converter().convert_with_local_state(marked, displaystyle=display)
    except math_core.LatexError as error:
        raise BuildError(f"formula that math-core can't convert: {error}: {tex}") from error
    for key, (_, color) in carriers.items():
        mathml = mathml.replace(f'style="color:{color};"', symbol(key)[1])
    return mathml


def characters(pages: Iterable[str]) -> str:
    """The characters that stand in the mathematics of these pages or are drawn there, sorted."""
    text = "".join(m for page in pages for m in re.findall(r"<math.*?</math>", page, re.DOTALL))
    drawn = "√" if re.search("<msqrt|<mroot", text) else ""
    return "".join(sorted(set(html.unescape(re.sub(r"<[^>]+>", "", text)) + drawn)))


# What formulas need of the font besides its glyphs: the forms for sub- and superscripts.
FEATURES = ["ssty", "dtls", "flac", "ccmp", "mark", "mkmk"]


def font(used: str, cache: Path) -> bytes:
    """STIX Two Math as WOFF2, with the glyphs of these characters and what layout makes of them."""
    wanted = "".join(sorted(set(used) | _italic(used)))
    name = hashlib.sha256(repr((wanted, _made_from())).encode()).hexdigest()[:16]
    path = cache / f"{name}.woff2"
    if not path.exists():
        whole.write(path, _subset(wanted))
    return path.read_bytes()


@lru_cache(maxsize=1)
def _made_from() -> tuple[str, ...]:
    """All that shapes the font besides its characters: the whole one, this module, fontTools."""
    module = code_key.code(Path(__file__).read_text("utf-8"))
    return hashlib.sha256(FONT.read_bytes()).hexdigest(), module, version("fonttools")


def _italic(used: str) -> set[str]:
    """Single letters in <mi> are drawn in mathematical italic, which is another character."""
    blocks = [*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E]
    return {chr(n) for n in blocks if unicodedata.normalize("NFKC", chr(n)) in used}


def _subset(text: str) -> bytes:
    options = subset.Options(flavor="woff2", layout_features=FEATURES, notdef_outline=True)
    options.hinting = False
    options.drop_tables += ["DSIG"]
    options.recalc_timestamp = False
    typeface = TTFont(FONT, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(typeface)
    typeface.flavor = "woff2"
    out = io.BytesIO()
    typeface.save(out)
    return out.getvalue()
