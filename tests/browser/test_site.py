"""The docs as a site: built in strict mode, which checks its links, and read in a browser."""

from __future__ import annotations

import mimetypes
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.support.http_server import serve
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

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
    "Docker": "pipelines",
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
def test_pages_ask_no_other_site_and_fit(tab: Page, url: str, width: int, scheme: Any) -> None:
    troubles: list[str] = []
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda request: troubles.append(request.url) if not request.url.startswith(url) else None)
    for name in PAGES:
        tab.goto(f"{url}/{name}")
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    assert troubles == []


def test_the_search_leads_first_to_the_page_that_helps(tab: Page, url: str) -> None:
    found = {}
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.goto(f"{url}/?q=")  # the index is built once, for all of them
    box, first = tab.locator(".md-search__input"), tab.locator(".md-search-result__link").first
    for words in FOUND:
        box.fill("")
        box.press("End")  # it listens to keys
        first.wait_for(state="detached")
        box.fill(words)
        box.press("End")
        first.wait_for(state="attached")
        found[words] = urlsplit(first.get_attribute("href") or "").path.strip("/")
    assert found == FOUND
