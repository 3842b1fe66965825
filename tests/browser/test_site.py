"""The docs as a site: built in strict mode, which checks its links, and read in a browser."""

from __future__ import annotations

import mimetypes
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.http_server import serve
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.support.http_server import Response

# What a reader types, and the page that comes first.
FOUND = {
    "rollback": "rollback",
    "undo": "how-to",
    "monorepo": "how-to",
    "rotate key": "how-to",
    "cron": "how-to",
    "session is already active": "how-to",
    "stack is locked": "how-to",
    "Windows": "getting-started",
    "DynamoDB": "state",
    "apiKey": "how-to",
    "max_iterations": "declarations",
}
PAGES = ["", "getting-started/", "reference/sessions-yaml/", "reference/resources/", "performance/"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    mkdocs = str(Path(sys.executable).with_name("mkdocs"))
    command = [mkdocs, "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    def respond(_method: str, target: str, _body: bytes) -> Response:
        path = site / target.partition("?")[0].lstrip("/")
        file = path / "index.html" if path.is_dir() else path
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return (200, file.read_bytes(), {"content-type": kind}) if file.is_file() else (404, b"", {})

    with serve(respond) as base:
        yield base


def test_every_page_is_in_the_site(site: Path) -> None:
    for source in (ROOT / "docs").rglob("*.md"):
        name = source.relative_to(ROOT / "docs").with_suffix("")
        assert (site / ("" if name.name == "index" else name) / "index.html").exists(), name


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_pages_ask_no_other_site_and_fit(chromium: Browser, url: str, width: int, scheme: Any) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, troubles = context.new_page(), []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(url) else None)
    for name in PAGES:
        page.goto(f"{url}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert troubles == []
    context.close()


def test_the_search_leads_first_to_the_page_that_helps(chromium: Browser, url: str) -> None:
    context = chromium.new_context()
    page, found = context.new_page(), {}
    for words in FOUND:
        page.goto(f"{url}/?q={quote(words)}")
        first = page.locator(".md-search-result__link").first
        first.wait_for()
        found[words] = urlsplit(first.get_attribute("href") or "").path.strip("/")
    assert found == FOUND
    context.close()
