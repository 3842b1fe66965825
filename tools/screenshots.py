"""Take the screenshots of the HTML report in docs/images. Run it when the page changes, and look at them.

It also records the digest of the page. A test compares it, so that the screenshots always show the page as it is.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import programs  # noqa: E402 - after the path above

from tests.support.large_report import large  # noqa: E402
from tornado_resource.reports.html import html  # noqa: E402

DIGEST: Final = ROOT / "tests/examples/reports/screenshots.sha256"
HEIGHTS: Final = {390: 1500, 1280: 1200}


def page_text() -> str:
    """Return the page of the screenshots."""
    return html(large(12))


def digest(text: str) -> str:
    """Return the digest of a page as it is recorded."""
    return hashlib.sha256(text.encode()).hexdigest() + "\n"


def main() -> int:
    """Take four screenshots: phone and desktop width, light and dark."""
    from playwright.sync_api import sync_playwright  # a test wants the digest alone

    folder = ROOT / "docs/images"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=programs.BROWSER.find(), args=["--no-sandbox"])
        for width, height in HEIGHTS.items():
            for scheme in ("light", "dark"):
                page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.set_content(page_text())
                page.screenshot(path=folder / f"report-{width}-{scheme}.png")
                page.close()
        chromium.close()
    DIGEST.write_text(digest(page_text()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
