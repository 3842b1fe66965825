"""Entries that are added to the environments of a file."""

from __future__ import annotations

import pytest

from tornado_resource.declarations.writing import with_entries

ENTRIES = ["a: {rerun: always}", "b: null"]
FLOW = "{a: {rerun: always}, b: null}"
BLOCK = "\n      a: {rerun: always}\n      b: null"
CASES = [
    ("  prod:", f"  prod: {{agents: {FLOW}}}"),
    ("  prod:  # later", f"  prod: {{agents: {FLOW}}}  # later"),
    ("  prod: null  # later", f"  prod: {{agents: {FLOW}}}  # later"),
    ("  prod: {}", f"  prod: {{agents: {FLOW}}}"),
    ("  prod: {promotes_from: dev,}", f"  prod: {{agents: {FLOW}, promotes_from: dev,}}"),
    ("  prod: {agents: {c: null}, only: [x]}", f"  prod: {{agents: {{{FLOW[1:-1]}, c: null}}, only: [x]}}"),
    ("  prod:\n    agents:  # none yet", f"  prod:\n    agents: {FLOW}  # none yet"),
    ("  prod:\n    only: [x]  # words", f"  prod:\n    only: [x]  # words\n    agents:{BLOCK}"),
    (
        "  prod:\n    agents:\n      c: null\n      # the end",
        f"  prod:\n    agents:\n      c: null{BLOCK}\n      # the end",
    ),
    ("  prod:\n    only:\n    - x", f"  prod:\n    only:\n    - x\n    agents:{BLOCK}"),
    ("  prod:\n    only:\n    - &x x\n    - *x", f"  prod:\n    only:\n    - &x x\n    - *x\n    agents:{BLOCK}"),
    ("  prod:\n    sessions: *s", f"  prod:\n    sessions: *s\n    agents:{BLOCK}"),
    (
        "  prod:\n    note: |\n      Two\n      lines",
        f"  prod:\n    note: |\n      Two\n      lines\n    agents:{BLOCK}",
    ),
    ("  prod:\n    note: 'a\u2028b'\n    max_age:", f"  prod:\n    note: 'a\u2028b'\n    max_age:\n    agents:{BLOCK}"),
]


@pytest.mark.parametrize(("before", "after"), CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("rest", ["", "\n", "\n\n# The end.\n  # of all\nlast: 1\n"])
def test_entries_are_written_as_the_file_is(before: str, after: str, rest: str) -> None:
    text = f"s: &s {{}}\nenvironments:\n  dev: {{}}\n{before}{rest}"
    expected = f"s: &s {{}}\nenvironments:\n  dev: {{}}\n{after}{rest}"
    assert with_entries(text, "agents", {"prod": ENTRIES}) == (expected, [])


def test_several_environments_are_changed_at_once() -> None:
    text = "environments:\n  dev: {}\n  prod:\n    only: [x]\n"
    found = "environments:\n  dev: {agents: {b: null}}\n  prod:\n    only: [x]\n    agents:\n      c: null\n"
    assert with_entries(text, "agents", {"prod": ["c: null"], "dev": ["b: null"]}) == (found, [])
    assert with_entries(text, "agents", {}) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "x: &x {}\nenvironments: {prod: *x}\n",
        "environments: {prod: &x {}, dev: *x}\n",
        "x: &x {a: null}\nenvironments: {prod: {agents: *x}}\n",
    ],
)
def test_what_others_share_is_left(text: str) -> None:
    assert with_entries(text, "agents", {"prod": ENTRIES}) == (text, ["prod"])
