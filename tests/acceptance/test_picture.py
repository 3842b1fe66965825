"""The terminal picture of the README shows what `pulumi up` prints."""

from __future__ import annotations

import re

import picture


def what_is_said(svg: str) -> str:
    """The text from the diagnostics on, without what differs from run to run."""
    text = re.sub(r"\s+", " ", " ".join(picture.lines_of(svg)))
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<= )[0-9a-f]{8}(?= )", "ID", text)
    text = re.sub(r"\b(\d+m)?\d+s\b", "TIME", text).partition("Diagnostics:")[2]
    return " ".join(sorted(text.split()))  # the sessions come in any order


def test_the_picture_is_of_a_run_as_it_is_now() -> None:
    shown = picture.PICTURE.read_text(encoding="utf-8")
    assert what_is_said(shown) == what_is_said(picture.picture(picture.record())), "run `python tools/picture.py`"
    assert "gate failed: 1 failed of 2 sessions" in " ".join(picture.lines_of(shown))


def test_the_picture_makes_no_request() -> None:
    shown = picture.PICTURE.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"' )<]+", shown)) == {"http://www.w3.org/2000/svg"}
