from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.text import clean, count, did_you_mean, without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain · ünï ✓", "plain · ünï ✓"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("<{%fg 1%}>", "< {%fg 1%}>"),
        ("\ud800", "\\ud800"),
        ("a\u200bb\u2060\u00ad", "a\\u200bb\\u2060\\xad"),
        ("\ufffe\uffff\ufdd0\U0001ffff", "\\ufffe\\uffff\\ufdd0\\U0001ffff"),
        ("\U000e0041", "\\U000e0041"),
        ("<\u200b{%fg 1%}>", "<\\u200b{%fg 1%}>"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_text_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_nothing_is_left_that_a_terminal_or_pulumi_would_obey(text: str) -> None:
    shown = clean(text)
    assert not [character for character in shown if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]
    assert "<{%" not in shown


def test_small_words() -> None:
    assert (count(1, "session"), count(0, "session")) == ("1 session", "0 sessions")
    assert did_you_mean("adpot", ["adopt", "fail"]) == "; did you mean `adopt`?"
    assert did_you_mean("xyz", ["adopt"]) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://user:pass@host:1/db?sslmode=disable", "postgres://host:1/db?sslmode=disable"),
        ('open "postgres://user:p%40s@host/db": no; s3://key@bucket', 'open "postgres://host/db": no; s3://bucket'),
        ("postgres://u:p@ss@host/db", "postgres://host/db"),
        ("file:///srv/state and someone@example.com", "file:///srv/state and someone@example.com"),
        ("https://host/path@1", "https://host/path@1"),
    ],
)
def test_urls_lose_their_credentials(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
