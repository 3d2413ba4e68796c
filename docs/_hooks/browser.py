"""A Chromium to print with and to test in: the one that is there, or one installed now."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
)
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
DEBIAN = "apt-get install chromium"
PLAYWRIGHT = f"{Path(sys.executable).parent.name}/python -m playwright install --with-deps chromium"


def find() -> Path | None:
    """The first of the browsers that are there which starts."""
    return next(filter(_starts, map(Path, _there())), None)


def _there() -> Iterator[str]:
    """Chrome, Chromium or Edge of this system, then the Chromium that Playwright brought."""
    yield from filter(None, map(shutil.which, NAMES))
    yield from filter(os.path.exists, APPLICATIONS)
    yield from filter(None, [_playwrights()])


def _starts(browser: Path) -> bool:
    """Whether it can say its version: not Ubuntu's `chromium-browser`, which stands for a snap, nor
    a Chromium without the libraries of the system that it needs."""
    command = [str(browser), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    else:
        if done.returncode == 0:
            return True
        said = done.stderr.strip() or f"it exits with {done.returncode}"
    print(f"{browser} does not start: {said}", flush=True)
    return False


def _playwrights() -> str | None:
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Error:
        return None
    return path if os.path.exists(path) else None


def ensure() -> Path | None:
    """A browser that starts, or that could be installed now; None where neither works."""
    return find() or (_install() and find()) or None


def _install() -> bool:
    """Debian's package where we may, else Playwright's own build."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found: installing Debian's package chromium …", flush=True)
        if _ran("apt-get", "update", "-q") and _ran("apt-get", "install", "-qy", "chromium"):
            return True
    print("No browser found: installing Playwright's Chromium …", flush=True)
    return _ran(sys.executable, "-m", "playwright", "install", "chromium")


def _ran(*command: str) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, check=False).returncode == 0


def advice() -> str:
    """What to do on this system to get a browser."""
    debian = f"`{DEBIAN}` as root, or " if shutil.which("apt-get") else ""
    return f"install Chrome, Chromium or Edge ({debian}`{PLAYWRIGHT}`), then run `make site` again"


def main() -> int:
    """`python -m _hooks.browser`: make sure that there is a browser, and say which."""
    found = ensure()
    print(f"Browser: {found}" if found else f"No browser: {advice()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
