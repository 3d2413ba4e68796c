"""For all tests: the built site, and Hypothesis draws the same examples on every machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Tests started in the background ignore Ctrl-C, and so would the programs that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("book", deadline=None, derandomize=True, database=None)
settings.load_profile("book")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of $SITE, else the one that stands in site/, else one that is built now."""
    built = Path(os.environ.get("SITE", ROOT / "site"))
    if not built.exists():
        built = tmp_path_factory.mktemp("site")
        command = [sys.executable, "-m", "mkdocs", "build", "-d", str(built)]
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": "docs"})
    return built
