"""Links of the docs, as the site has them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from site_pages import on_page_markdown

CONFIG: Any = SimpleNamespace(extra={"repository": "https://example.com/r"})


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("gate.md", "../README.md#commands", "https://example.com/r/blob/main/README.md#commands"),
        ("reference/commands.md", "../command-line.md", "../command-line.md"),
        ("reference/commands.md", "../../CHANGELOG.md", "https://example.com/r/blob/main/CHANGELOG.md"),
        ("gate.md", "images/report.png", "images/report.png"),
        ("gate.md", "#reports", "#reports"),
        ("gate.md", "https://example.org/x", "https://example.org/x"),
    ],
)
def test_links_out_of_the_docs_lead_to_the_repository(page: str, link: str, expected: str) -> None:
    source: Any = SimpleNamespace(file=SimpleNamespace(src_uri=page), meta={})
    assert on_page_markdown(f"[x]({link})", page=source, config=CONFIG) == f"[x]({expected})"


def test_a_bar_in_the_code_of_a_table_is_a_bar() -> None:
    source: Any = SimpleNamespace(file=SimpleNamespace(src_uri="gate.md"), meta={})
    table = "| a | b |\n| --- | --- |\n| `x \\| y` | p \\| q |\n\n`x \\| y`"
    shown = on_page_markdown(table, page=source, config=CONFIG)
    assert shown == "| a | b |\n| --- | --- |\n| `x | y` | p \\| q |\n\n`x \\| y`"
