"""Files of a megabyte that are as much work as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Entry = Callable[[int], str]

SIZE: Final = 1024 * 1024
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
HEAD: Final = "version: 1\n"
ONE: Final = HEAD + "sessions: {a: {pathway_id: p}}\n"
ONE_IN: Final = HEAD + "sessions: {a: {pathway_id: p, "


def word(number: int) -> str:
    """Return a word that is short and different for each number."""
    letters = ALPHABET[number % 26]
    while number := number // 26:
        letters += ALPHABET[number % 26]
    return letters


def filled(head: str, entry: Entry, tail: str = "", size: int = SIZE) -> str:
    """Return as many entries as fit into *size* between *head* and *tail*."""
    parts, left, number = [], size - len(head) - len(tail), 0
    while (left := left - len(part := entry(number))) >= 0:
        parts.append(part)
        number += 1
    return f"{head}{''.join(parts)}{tail}"


def many_values() -> str:
    """Return a valid file of 200,000 values."""
    defaults = ", ".join(f"t-{number}: {number}" for number in range(100))
    sessions = "".join(f"  s-{number}: {{pathway_id: pw-{number}}}\n" for number in range(2_000))
    return f"{HEAD}defaults: {{triggers: {{{defaults}}}}}\nsessions:\n{sessions}"


def long_scenarios() -> str:
    """Return a valid file of 1,500 sessions on as many pathways, which share 40 scenarios of 20,000 characters."""
    scenarios = f"scenarios: {{{items(40, suffix=f': {{tester_persona_prompt: {chr(120) * 20_000}}}')}}}\n"
    sessions = "".join(
        f"  s-{number}: {{pathway_id: pw-{number}, scenarios: [{items(40)}]}}\n" for number in range(1_500)
    )
    return f"{HEAD}{scenarios}sessions:\n{sessions}"


def items(number: int, prefix: str = "", suffix: str = "") -> str:
    return "".join(f"{prefix}{word(each)}{suffix}," for each in range(number))


def repeated(entry: str) -> Entry:
    return lambda _: entry


def flow(head: str, suffix: str, tail: str) -> str:
    return filled(head, lambda n: f"{word(n)}{suffix},", tail)


def ended(number: int) -> str:
    return "".join(f"{{scenario: {word(each)}, reason: r, until: '2026-01-01'}}," for each in range(number))


BAD: Final = "{pathway_id: 1, timeout_ms: x, gate: {passed: 1.5, q}, rerun: q, triggers: {a: []}, scenario_ids: [1, 1]}"
MIXED: Final = ("{a: %d},", "[%d],", "%d,", "x%d,")


def mixed(number: int) -> str:
    return "".join(MIXED[each % 4] % each for each in range(number))


FILES: Final[dict[str, Callable[[], str]]] = {
    "unknown sessions": lambda: filled(f"{ONE}environments:\n  e:\n    sessions:\n", lambda n: f"      x-{n}: {{}}\n"),
    "unknown sessions, many known": lambda: flow(
        f"{HEAD}sessions: {{{items(1990, 'known-')}}}\nenvironments: {{e: {{sessions: {{", "-unknown", "}}}\n"
    ),
    "similar names": lambda: flow(
        f"{HEAD}sessions: {{{items(1900, 'ab' * 15, 'ba' * 10)}}}\nenvironments: {{e: {{sessions: {{",
        "ba" * 25,
        "}}}\n",
    ),
    "promotes from the next": lambda: filled(
        f"{ONE}environments:\n", lambda n: f"  e{n}: {{promotes_from: e{n + 1}}}\n"
    ),
    "promotes from the one before": lambda: filled(
        f"{ONE}environments:\n  e0: {{}}\n", lambda n: f"  e{n + 1}: {{promotes_from: e{n}}}\n"
    ),
    "a circle": lambda: filled(f"{ONE}environments:\n", lambda n: f"  e{n}: {{promotes_from: e{(n + 1) % 990}}}\n"),
    "promotes from nothing": lambda: filled(f"{ONE}environments:\n", lambda n: f"  e{n}: {{promotes_from: x{n}}}\n"),
    "environments with all sessions": lambda: (
        f"{HEAD}defaults: {{pathway_id: p}}\nsessions: {{{items(1990)}}}\nenvironments: {{{items(999)}}}\n"
    ),
    "environments with all sessions, as many as allowed": lambda: (
        f"{HEAD}defaults: {{pathway_id: p, version_number: 1, publish: staging}}\nsessions: {{{items(1990)}}}\n"
        "environments: {a: , b: {promotes_from: a}, c: {promotes_from: b}}\n"
    ),
    "environments with all sessions, all wrong": lambda: (
        f"{HEAD}defaults: {{pathway_id: p, scenario_ids: [a], gate: {{passed: 3}}}}\nsessions: {{{items(1990)}}}\n"
        "environments: {a: , b: , c: }\n"
    ),
    "default triggers in sessions": lambda: flow(
        f"{HEAD}defaults: {{pathway_id: p, triggers: {{{items(100, '', ': 1')}}}}}\nsessions: {{",
        ": {triggers: {a: 2}}",
        "}\n",
    ),
    "items of several types": lambda: f"{ONE_IN}scenario_ids: [{mixed(1990)}]}}}}\n",
    "lists of several types": lambda: filled(
        f"{HEAD}sessions:\n", lambda n: f"  s{n}: {{pathway_id: p, scenario_ids: [{mixed(1000)}]}}\n"
    ),
    "one duplicate scenario": lambda: f"{ONE_IN}scenario_ids: [a, {items(1990)}]}}}}\n",
    "one scenario": lambda: filled(f"{ONE_IN}scenario_ids: [", repeated("a,"), "]}}\n"),
    "one key": lambda: filled(f"{HEAD}sessions: {{", repeated("a,"), "}\n"),
    "one environment's key": lambda: filled(f"{ONE}environments: {{e: {{sessions: {{", repeated("a,"), "}}}\n"),
    "empty keys": lambda: filled("", repeated("?\n")),
    "merge keys": lambda: filled("", repeated("<<: a\n")),
    "triggers": lambda: flow(f"{ONE_IN}triggers: {{", "", "}}}\n"),
    "triggers of sessions": lambda: flow(f"{HEAD}sessions: {{", ": {pathway_id: p, triggers: {a, b, c}}", "}\n"),
    "sessions": lambda: flow(f"{HEAD}defaults: {{pathway_id: p}}\nsessions: {{", "", "}\n"),
    "sessions in environments": lambda: filled(
        f"{ONE}environments: {{", lambda n: f"{word(n)}: {{sessions: {{{items(500)}}}}},", "}\n"
    ),
    "invalid sessions": lambda: flow(f"{HEAD}sessions: {{", f": {BAD}", "}\n"),
    "invalid names": lambda: filled(f"{HEAD}sessions: {{", lambda n: f"{word(n).upper()}: {{}},", "}\n"),
    "unknown keys": lambda: flow(ONE_IN, "", "}}\n"),
    "unknown keys, all near": lambda: filled(ONE_IN, lambda n: f"pathway_id_{n},", "}}\n"),
    "unknown keys in sessions": lambda: flow(
        f"{HEAD}sessions: {{", ": {scenario_idd, persona_idd, timeout_mss}", "}\n"
    ),
    "nearly right choices": lambda: flow(f"{HEAD}sessions: {{", ": {pathway_id: p, on_conflict: supersedes}", "}\n"),
    "tags": lambda: flow(f"{HEAD}sessions: {{", ": !x", "}\n"),
    "tag directives": lambda: filled("", lambda n: f"%TAG !{word(n)}! x\n", "--- a\n"),
    "anchors": lambda: filled(f"{HEAD}sessions: {{", lambda n: f"{word(n)}: &{word(n)} {{}},", "}\n"),
    "aliases": lambda: flow(f"{HEAD}x: &x {{pathway_id: p}}\nsessions: {{", ": *x ", "}\n"),
    "aliases of a session": lambda: (
        f"{HEAD}sessions:\n  a: &x {{pathway_id: p, triggers: {{{items(90, '', ': []')}}}}}\n"
        + "".join(f"  b{n}: *x\n" for n in range(5000))
    ),
    "aliases of sessions": lambda: (
        f"{HEAD}sessions: &x {{{items(900, '', ': {pathway_id: p}')}}}\nenvironments:\n"
        + "".join(f"  e{n}: {{sessions: *x}}\n" for n in range(250))
    ),
    "aliases of lists": lambda: f"x: &x [{f'[{items(1990)}],' * 70}]\ny: [{'*x ,' * 13}]\n",
    "aliases of a long text": lambda: (
        f"{HEAD}sessions:\n  a: {{pathway_id: &x {'x' * 500_000}}}\n"
        + "".join(f"  b{n}: {{pathway_id: *x}}\n" for n in range(1990))
    ),
    "sessions full of invalid ids": lambda: (
        f"{HEAD}sessions:\n" + "".join(f"  s{n}: {{pathway_id: p, scenario_ids: [{'1,' * 60}]}}\n" for n in range(1990))
    ),
    "sessions full of invalid triggers": lambda: (
        f"{HEAD}sessions:\n"
        + "".join(f"  s{n}: {{pathway_id: p, triggers: {{{items(30, '', ': []')}}}}}\n" for n in range(1990))
    ),
    "sessions full of unknown scenarios": lambda: (
        f"{HEAD}sessions:\n" + "".join(f"  s{n}: {{pathway_id: p, scenarios: [{items(50)}]}}\n" for n in range(1990))
    ),
    "sessions full of scenarios": lambda: (
        f"{HEAD}scenarios: {{{items(40, '', ': ')}}}\nsessions:\n"
        + "".join(f"  s{n}: {{pathway_id: p{n}, scenarios: [{items(40)}]}}\n" for n in range(1990))
    ),
    "sessions with many invalid names": lambda: f"{HEAD}sessions: {{{items(1990, 'A', f': {BAD}')}}}\n",
    "names of triggers": lambda: f"{ONE_IN}triggers: {{{items(1990, 'a b', ': [[[a]]]')}}}}}}}\n",
    "deep lists": lambda: filled("[", repeated(f"{'[' * 62}{']' * 62},"), "]\n"),
    "shallow lists": lambda: filled("[", lambda _: f"[{'[],' * 1999}],", "]\n"),
    "broken nesting": lambda: "[" * SIZE,
    "sessions in quarantine": lambda: (
        f"{HEAD}sessions:\n"
        + "".join(
            f"  s{n}: {{pathway_id: p, scenario_ids: [{items(20)}], quarantine: [{ended(9)}]}}\n" for n in range(1600)
        )
    ),
    "unknown tags, many known": lambda: (
        f"{HEAD}sessions:\n"
        + "".join(f"  s{n}: {{pathway_id: p, tags: [{items(50, f't{n}-')}]}}\n" for n in range(1600))
        + f"environments:\n{''.join(f'  e{n}: {{only: [{items(50)}]}}' + chr(10) for n in range(15))}"
    ),
    "judges as code, in all agents": lambda: (
        f"{HEAD}judges: {{{items(100, '', f': {{prompt: {chr(120) * 5000}}}')}}}\nagents:\n"
        + "".join(
            f"  g{n}: {{agent_id: a, checks: {{scenario_ids: [x], judges: [{items(100)}]}}}}\n" for n in range(1000)
        )
    ),
    "agents with scenarios": lambda: (
        f"{HEAD}scenarios: {{{items(1990, '', ': ')}}}\njudges: {{j: }}\nagents:\n"
        + "".join(f"  g{n}: {{agent_id: a{n}, checks: {{scenarios: [{word(n)}], judges: [j]}}}}\n" for n in range(1990))
    ),
    "a budget in each environment": lambda: (
        f"{HEAD}defaults: {{pathway_id: p}}\nsessions: {{{items(1990)}}}\n"
        f"environments: {{{items(15, '', ': {budget: {minutes: 9, runs: 9}}')}}}\n"
    ),
    "long number": lambda: f"{ONE_IN}timeout_ms: 0x{'f' * (SIZE - 100)}}}}}\n",
    "long numbers": lambda: flow(f"{ONE_IN}triggers: {{", f": {'9' * 399}", "}}}\n"),
    "infinite numbers": lambda: filled(f"{ONE_IN}scenario_ids: [", repeated("1e999,"), "]}}\n"),
    "long text": lambda: f"{ONE_IN}persona_id: {'x' * (SIZE - 100)}}}}}\n",
    "long names": lambda: flow(f"{HEAD}sessions: {{", f"{'x' * 900}: {{}}", "}\n"),
    "escapes": lambda: filled(f'{ONE_IN}persona_id: "', repeated("\\x1b"), '"}}\n'),
    "comments": lambda: filled(ONE, repeated("#\n")),
    "line breaks": lambda: filled(ONE, repeated("\n")),
    "two documents": lambda: filled("", repeated("---\n")),
}
