"""A real Chromium. Without one the tests fail: run `make test`, which installs it.

It is closed before the tests of other folders: while it is open, playwright's event loop runs in this thread, and
asynchronous tests could not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import programs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # not in each worker: it takes a fifth of a second

    path = programs.BROWSER.find()
    assert path is not None, "no Chromium: run python tools/programs.py"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Page:
    """One for a module's tests: a new one takes longer than most tests."""
    return chromium.new_context().new_page()
