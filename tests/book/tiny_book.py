"""A book of four pages with the machinery of this one, to break on purpose."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from _hooks.errors import ROOT

HEAD = "---\ntitle: {0}\ndescription: The page {0} of a tiny book.\n---\n\n# {0}\n\n"
NAV = """nav:
  - Home: index.md
  - 1 Looking back: attention.md
  - Evidence: evidence.md
  - Bibliography: reference/bibliography.md
"""
CHAPTER = """Weights $\\s{alpha}$ and a number: {{ fact("bahdanau2014.tiny") }}.

## A program

--8<-- "snippets/attention/tiny.py"

## A figure

{{ figure("fig_tiny", "A line.") }}

??? predict "Predict: what is hidden?"

    An answer. Back [home](index.md).
"""
PROGRAM = '''"""Weights of two scores."""

import numpy as np
from attn.ops.softmax import softmax

print(softmax(np.array([0.0, 0.0])))
'''
FIGURE = '''"""A line."""

import matplotlib.pyplot as plt

ALT = "A line that rises"
KIND = "illustrative"


def figure():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    return fig
'''
EXPERIMENT = """import numpy as np

SEEDS = (0,)


def steps(seed):
    yield 1.0, {}


def run(seed):
    return {"loss": np.array([loss for loss, _ in steps(seed)]), "half": np.array(0.5)}


def measure(run):
    return {"half": float(run["half"])}
"""
CLAIMS = """- id: half
  claim: "It is a half."
  page: attention
  measure: train_tiny.half
  bound: "<= 0.5"
  toy: "It shows nothing else."
"""
FACTS = 'bahdanau2014:\n  tiny: {value: "26.75", where: "Table 1"}\n'


class Book(NamedTuple):
    """The folder of a tiny book."""

    root: Path

    @property
    def site(self) -> Path:
        """Where its site is."""
        return self.root / "site"

    def command(self, code: str = "") -> subprocess.Popen[str]:
        """Its build, started; `code` is run before, in the same interpreter."""
        run = "import sys; from _hooks import browser, build; " + code + "; sys.exit(build.main())"
        environment = {**os.environ, "PYTHONPATH": "docs", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", run],
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def build(self, code: str = "pass") -> tuple[int, str]:
        """The exit code of its build, and all that the build said."""
        process = self.command(code)
        said = process.communicate(timeout=120)[0]
        return process.returncode, said

    def state(self) -> str:
        """One value for all that is in the site."""
        files = sorted(path for path in self.site.rglob("*") if path.is_file())
        content = [str(path).encode() + path.read_bytes() for path in files]
        return hashlib.sha256(b"".join(content)).hexdigest()


def write(root: Path) -> Book:
    """The tiny book in the folder `root`."""
    ignored = shutil.ignore_patterns("__pycache__", "*.md", "labs", "reference")
    shutil.copytree(ROOT / "docs", root / "docs", ignore=ignored)
    shutil.copytree(ROOT / "attn", root / "attn", ignore=shutil.ignore_patterns("__pycache__"))
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = re.sub(r"^nav:\n(?:[ ].*\n)+", lambda _: NAV, settings, flags=re.MULTILINE)
    texts = {
        "mkdocs.yml": settings,
        "docs/index.md": HEAD.format("A tiny book")
        + "Read [the chapter](attention.md). [PDF](attention.pdf){ .pdf }\n",
        "docs/attention.md": HEAD.format("Looking back") + CHAPTER,
        "docs/evidence.md": HEAD.format("Evidence") + "No claims.\n",
        "docs/reference/bibliography.md": HEAD.format("Bibliography") + "{{ bibliography() }}\n",
        "docs/facts.yml": FACTS,
        "docs/claims.yml": CLAIMS,
        "snippets/attention/train_tiny.py": EXPERIMENT,
        "snippets/attention/tiny.py": PROGRAM,
        "snippets/attention/tiny.txt": "[0.5 0.5]\n",
        "snippets/attention/fig_tiny.py": FIGURE,
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Book(root)
