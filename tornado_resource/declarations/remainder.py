"""What is left of an invalid file without the sessions and agents that have problems: the others can be resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.declarations.document import Findings
from tornado_resource.declarations.merging import SECTIONS
from tornado_resource.declarations.references import mapping

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tornado_resource.declarations.document import Document, Marks

MAX_REMAINDER_PROBLEMS: Final = 100
"""With more problems than these, the remainder is not looked at: they are enough for one reading."""
_RUN: Final = re.compile(rf"(?:environments\..+?\.)?(?:{'|'.join(SECTIONS)})\.([a-z0-9-]+)(?=[.\[]|$)")


def remainder(document: Document) -> Document | None:
    """Return a document without the sessions and agents that its problems name; None if a problem names none.

    What all problems name is gone, so the rest has no others: at most there is nothing left.
    """
    problems = document.findings.shown
    matches = [_RUN.match(problem.path) for problem in problems[:MAX_REMAINDER_PROBLEMS]]
    named = {match[1] for match in matches if match is not None}
    if None in matches or len(problems) > MAX_REMAINDER_PROBLEMS:
        return None
    copy = _Copy(document.marks, named)
    data = copy.without_named(document.data)
    environments = mapping(document.data.get("environments"))
    if environments:
        own = {
            name: copy.without_named(settings) if isinstance(settings, dict) else settings
            for name, settings in environments.items()
        }
        data["environments"] = copy.marked(environments, own)
    return replace(document, data=data, marks={**document.marks, **copy.marks}, findings=Findings())


@dataclass(frozen=True, slots=True)
class _Copy:
    """Copies parts of a document without the runs that are *named*. A copy has the marks of its original."""

    originals: Mapping[int, Any]
    named: Collection[str]
    marks: Marks = field(default_factory=dict)

    def without_named(self, part: dict[str, Any]) -> dict[str, Any]:
        kept = dict(part)
        for section in SECTIONS:
            runs = mapping(part.get(section))
            others = {name: run for name, run in runs.items() if name not in self.named}
            if runs and not others:
                del kept[section]
            elif runs:
                kept[section] = self.marked(runs, others)
        return self.marked(part, kept)

    def marked(self, original: Mapping[str, Any], copy: dict[str, Any]) -> dict[str, Any]:
        self.marks[id(copy)] = self.originals[id(original)]
        return copy
