"""A report whose every text is hostile."""

from __future__ import annotations

from tests.support.results import gated_run_of, report_of, result_of
from tornado_resource.bland.sessions import Fix, Iteration, Status
from tornado_resource.core.positions import Position
from tornado_resource.reports.html import html

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "</style><script>1</script>",
    "{{ 7 * 7 }}",
    "\x1b[2J\x00\x07",
    "\u202egnp.exe",
    "\ud800",
]


def hostile_page(text: str) -> str:
    fix = Fix(text, text, text)
    status = Status(
        text,
        total_scenarios=1,
        passed_scenarios=0,
        unfixable_ids=(text,),
        iterations=(Iteration(1, text, text, (text,), (text + "2",), (fix,)),),
    )
    gated = gated_run_of("support-line", text, created_at=text, position=Position(text, 1, 1))
    return html(report_of(result_of(gated, status, names={text: text, text + "2": text}), result_of(gated, None)))
