from __future__ import annotations

from tornado_resource.core.positions import Position, Problem
from tornado_resource.errors import DeclarationError, OutcomeUnknown, TornadoError


def test_every_line_of_an_error_is_fit_to_be_shown() -> None:
    error = TornadoError("a\x1b[2J\n  ::error::<{%fg 1%}>\n##[b]")
    assert str(error) == "a\\x1b[2J\n  : :error::< {%fg 1%}>\n## [b]"
    assert str(OutcomeUnknown("status", "::x\x07")) == "status: ::x\\x07"


def test_an_error_of_declarations_has_all_problems_and_counts_the_others() -> None:
    problems = [Problem(Position("s.yaml", line, 1), "a", "wrong") for line in (1, 2)]
    assert str(DeclarationError(problems)) == "s.yaml:1:1: a: wrong\ns.yaml:2:1: a: wrong"
    assert str(DeclarationError(problems, 5)).endswith("\n… and 5 more problems")
    assert DeclarationError(problems, 5).more == 5
