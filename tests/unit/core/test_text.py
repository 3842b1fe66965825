from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.text import (
    MAX_NAMED,
    clean,
    clean_json,
    clean_lines,
    count,
    counts,
    cut,
    did_you_mean,
    id_list,
    replace_surrogates,
    short_list,
    show_spaces,
    unusual_space,
    without_credentials,
)

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of Unicode: control, format and surrogate characters, and separators of lines and paragraphs."""


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
        ("::error::x", ": :error::x"),
        (" \u00a0::error::x", " \u00a0: :error::x"),
        ("a ::error::x b::c", "a ::error::x b::c"),
        (":", ": "),
        (" :", " : "),
        ("##[error]x ##vso[task]y ## z", "## [error]x ## vso[task]y ## z"),
    ],
)
def test_terminal_and_pulumi_codes_are_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_no_character_is_kept_that_only_formats_or_breaks_lines() -> None:
    characters = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in INVISIBLE]
    assert [hex(ord(character)) for character in characters if clean(character) == character] == []


@given(st.text())
def test_no_text_keeps_control_characters_or_pulumi_directives(text: str) -> None:
    shown = clean(text)
    assert not [character for character in shown if unicodedata.category(character) in INVISIBLE]
    assert "<{%" not in shown


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask.\r\nThen\rtell\n", "Ask.\nThen\ntell\n"),
        ("a\tb\x1b[2J", "a b\\x1b[2J"),
        ("a\n  ::error::x\n##[y]", "a\n  : :error::x\n## [y]"),
        ("a\n" * 30, "a\n" * 19 + "a…"),
    ],
)
def test_lines_are_cleaned_one_by_one(text: str, shown: str) -> None:
    assert clean_lines(text, 40) == shown
    assert clean_lines(shown, 40) == shown


@pytest.mark.parametrize(("length", "limit"), [(300, 300), (10, 10), (1, 1)])
def test_text_within_the_limit_is_not_cut(length: int, limit: int) -> None:
    assert clean("x" * length, limit) == "x" * length
    assert clean("x" * (length + 1), limit) == "x" * (limit - 1) + "…"


def test_lone_surrogates_are_replaced() -> None:
    assert replace_surrogates("a\ud800b\udfffc ✓") == "a\ufffdb\ufffdc ✓"


def test_the_hint_names_the_closest_word_with_its_prefix() -> None:
    assert did_you_mean("gat", ["gate", "rerun"], "sessions.a.") == "; did you mean `sessions.a.gate`?"
    assert did_you_mean("adpot", ["adopt", "fail"]) == "; did you mean `adopt`?"
    assert did_you_mean("xyz", ["adopt"]) == did_you_mean("gate", []) == ""


@pytest.mark.parametrize(("number", "text"), [(0, "0 scenarios"), (1, "1 scenario"), (2, "2 scenarios")])
def test_a_count_has_a_plural(number: int, text: str) -> None:
    assert count(number, "scenario") == text


@pytest.mark.parametrize(
    ("sessions", "agents", "text"),
    [(2, 0, "2 sessions"), (0, 1, "1 agent"), (1, 2, "1 session and 2 agents"), (0, 0, "0 sessions")],
)
def test_counts_name_only_what_there_is(sessions: int, agents: int, text: str) -> None:
    assert counts({"session": sessions, "agent": agents}) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (["ünï\n"], '["ünï\\n"]'),
        ("\x7f\x9b\u202e\U000e0041", '"\\u007f\\u009b\\u202e\\udb40\\udc41"'),
        ("<{%fg 1%}> ##[x] ##vso[x] # ##", '"\\u003c{%fg 1%}> \\u0023#[x] \\u0023#vso[x] # ##"'),
    ],
)
def test_json_keeps_its_meaning(value: object, written: str) -> None:
    assert clean_json(json.dumps(value, ensure_ascii=False)) == written
    assert json.loads(written) == value


@given(st.text())
def test_json_of_any_text_is_safe_and_the_same(text: str) -> None:
    shown = clean_json(json.dumps({"a": text}, ensure_ascii=False, indent=2))
    assert json.loads(shown) == {"a": text}
    assert not [each for each in shown.replace("\n", "") if unicodedata.category(each) in INVISIBLE]
    assert "<{%" not in shown


def test_a_cut_text_says_so() -> None:
    assert (cut("abc", 3), cut("abcd", 3)) == ("abc", "ab…")


def test_spaces_that_only_look_like_one_are_shown_and_named() -> None:
    assert show_spaces("a b\xa0c\u3000é") == "a b\\xa0c\\u3000é"
    assert unusual_space("é b\u202fc\xa0") == "a narrow no-break space (U+202F)"
    assert unusual_space("é b") is None


def test_a_short_list_says_how_many_more_there_are() -> None:
    assert short_list(["a", "b"], 2) == "a, b"
    assert short_list(["a", "b", "c"], 2, "; ") == "a; b and 1 more"
    assert id_list([f"sc-{number}" for number in range(2_000)]).endswith(f" and {2_000 - MAX_NAMED:,} more")
