"""A hook of MkDocs, for what it and GitHub take differently: links out of `docs/`, and `|` in the code of a table.

It also ranks the pages in the search: answers to questions before the reference.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)\s]*)?\)")
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_BOOSTS = {"how-to.md": 4, "rollback.md": 4, "troubleshooting.md": 2, "reference/": 0.5, "architecture.md": 0.5}


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Return a page's Markdown as MkDocs needs it."""
    for start, boost in _BOOSTS.items():
        if page.file.src_uri.startswith(start):
            page.meta["search"] = {"boost": boost}
    folder = posixpath.dirname(posixpath.join("docs", page.file.src_uri))

    def link(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[1]))
        if path.startswith("docs/"):
            return match[0]
        return f"]({config.extra['repository']}/blob/main/{path}{match[2] or ''})"

    return _ROW.sub(lambda row: _CODE.sub(lambda code: code[0].replace("\\|", "|"), row[0]), _LINK.sub(link, markdown))
