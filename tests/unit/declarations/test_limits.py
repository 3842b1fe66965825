"""The limits that protect the pipeline from large files, and their messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dense_files import ONE, ONE_IN, items, word
from tornado_resource.core.positions import MAX_MORE
from tornado_resource.declarations.document import MAX_COMPARED_CHARACTERS, MAX_PROBLEMS, Quoting
from tornado_resource.declarations.reader import parse
from tornado_resource.declarations.resolver import check_document, check_environments, load
from tornado_resource.errors import DeclarationError


def said(text: str) -> list[str]:
    Path("s.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load("s.yaml")
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sessions: {{{items(2001)}}}\n", "more than 2,000 entries; split the declarations into several projects"),
        (f"x: [{items(2001)}]\n", "more than 2,000 entries; split the declarations into several projects"),
        (
            f"x: [{f'[{items(2000)}],' * 75}]\n",
            "more than 150,000 values; split the declarations into several projects",
        ),
        (
            f"x: {{a: &x [{items(2000)}], b: [{'*x ,' * 75}]}}\n",
            "x.b[74]: aliases expand to more than 4 MiB of text",
        ),
        (f"x: [&x {'x' * 2**19}, {'*x ,' * 7}]\n", "x[7]: aliases expand to more than 4 MiB of text or 150,000 values"),
        (f"x: [&x [{'x' * 2**18}, &y {'y' * 2**18}], {'*x ,' * 7}]\n", "x[7]: aliases expand to more than 4 MiB"),
        (
            f"sessions: {{{items(2000)}}}\nenvironments: {{e: {{sessions: {{a: {{}}, n-1: {{}}}}}}}}\n",
            "sessions: 2,001 sessions, expected at most 2,000; split the declarations into several projects",
        ),
        (f"{ONE[11:]}environments: {{{items(1001)}}}\n", "environments: 1,001 entries, expected at most 1,000"),
        (f"{ONE_IN[11:]}triggers: {{{items(101)}}}}}}}\n", "sessions.a.triggers: 101 entries, expected at most 100"),
        (
            f"defaults: {{pathway_id: p}}\nsessions: {{{items(1900)}}}\nenvironments: {{{items(16)}}}\n",
            "environments: 30,400 sessions in 16 environments, expected at most 30,000; split the declarations into ",
        ),
        ("%TAG ! x\n", "%TAG directives are not supported; remove them"),
        (f"sessions: {{a: {{pathway_id: 0x{'f' * 399}}}}}\n", "found a number of 401 digits, expected at most 400;"),
    ],
)
def test_a_limit_is_named_where_it_is_exceeded(text: str, expected: str) -> None:
    assert any(expected in line for line in said(text))


def test_aliases_may_expand_to_four_mebibytes() -> None:
    text = f"x: {{a: [&x {'x' * 2**19}, {'*x ,' * 6}], b: [&y [{items(2000)}], {'*y ,' * 60}]}}"
    assert len(parse(text.encode(), "f").data["x"]["b"]) == 61


@pytest.mark.parametrize(
    "text",
    [
        f"defaults: {{pathway_id: p}}\nsessions: {{{items(2000)}}}\nenvironments: {{{items(15)}}}\n",
        f"{ONE_IN[11:]}triggers: {{{items(100)}}}}}}}\nenvironments: {{{items(1000)}}}\n",
    ],
    ids=["sessions", "triggers"],
)
def test_a_file_may_be_as_large_as_the_limits(text: str) -> None:
    Path("s.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
    check_environments(check_document("s.yaml"), ["a", "b", "c"])


def sessions_with(triggers: int, value: str) -> str:
    """As many sessions as have so many triggers, at most 100 each."""
    numbers = [min(100, triggers - start) for start in range(0, triggers, 100)]
    return "".join(f"{word(n)}: {{triggers: {{{items(number, '', value)}}}}}," for n, number in enumerate(numbers))


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (MAX_PROBLEMS, "s.yaml:3:"),
        (MAX_PROBLEMS + 1, "… and 1 more problem"),
        (MAX_PROBLEMS + 4321, "… and 4,321 more problems"),
        (MAX_PROBLEMS + MAX_MORE - 1, "… and 8,999 more problems"),
        (MAX_PROBLEMS + MAX_MORE, "… and at least 9,000 more problems"),
    ],
)
@pytest.mark.parametrize("kind", ["triggers", "tags"])
def test_a_thousand_problems_are_shown_and_the_others_counted(number: int, last: str, kind: str) -> None:
    entries = sessions_with(number, ": []" if kind == "triggers" else ": !x")
    lines = said(f"defaults: {{pathway_id: p}}\nsessions: {{{entries}}}\n")
    assert lines[-1].startswith(last)
    assert len(lines) == min(number, MAX_PROBLEMS + 1)


def test_all_kinds_of_problems_share_the_limits() -> None:
    """One of each kind for each of the sessions: a tag, a type, a name, and an environment's session."""
    sessions = items(2000, "", ": {pathway_id: p, rerun: !x 1, gate: 1, timeout_ms: 1}")
    environments = "".join(f"{word(n)}: {{sessions: {{{items(1000, 'x-')}}}}}," for n in range(3))
    lines = said(f"sessions: {{{sessions}}}\nenvironments: {{{environments}}}\n")
    assert (len(lines), lines[-1]) == (1001, "… and at least 9,000 more problems")


def test_reading_stops_once_no_more_problems_are_counted() -> None:
    lines = said(f"sessions: {{{'a: ,' * 12_000}}}\n")
    assert (len(lines), lines[-1]) == (1001, "… and at least 9,000 more problems")


def test_problems_of_merging_are_capped_too() -> None:
    lines = said(f"defaults: {{pathway_id: p, publish: staging, gate: none}}\nsessions: {{{items(2000)}}}\n")
    assert (len(lines), lines[-1]) == (1001, "… and 1,000 more problems")


def test_hints_end_when_they_have_taken_too_much_work() -> None:
    quoting = Quoting()
    known = ["session-" + "x" * 92] * (MAX_COMPARED_CHARACTERS // 100 // 8)
    assert quoting.hint("sessions", ["session"]) == "; did you mean `session`?"
    assert quoting.comparisons_left == MAX_COMPARED_CHARACTERS - 56
    assert quoting.hint("session", known) == ""
    assert quoting.hint("sessions", ["session"]) != ""
    assert quoting.hint("session-x", [*known, "session-y"]) == ""
    assert quoting.hint("sessions", ["session"]) == ""


def test_a_long_list_of_names_and_a_long_name_are_cut() -> None:
    quoting = Quoting()
    assert quoting.names([str(number) for number in range(21)]).endswith(", 18, 19 and 1 more")
    assert quoting.names(["a", "b"]) == "a, b"
    assert quoting.name("x" * 81) == "x" * 79 + "…"
    assert quoting.text("x" * 61) == f"'{'x' * 59}…'"
    assert quoting.hint("x" * 81, ["x" * 80]) == ""


def test_a_long_circle_is_cut() -> None:
    environments = "".join(f"e{n}: {{promotes_from: e{(n + 1) % 30}}}," for n in range(30))
    first = said(f"{ONE[11:]}environments: {{{environments} f: {{promotes_from: e0}}}}\n")
    assert len(first) == 30
    assert first[0].endswith("circular promotion: " + " ← ".join(f"e{n}" for n in range(21)) + " ← …")
