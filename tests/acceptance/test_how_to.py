"""The page "How do I …?", command by command, in one project from the first to the last."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.http_server import serve
from tests.support.project import KEY
from tests.support.walkthrough import run, script

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.http_server import Response
    from tests.support.project import Project

PLAYED = """\
pathways:
  pw-support: {scenarios: [{id: sc-refund}, {id: sc-cancel}]}
  pw-billing: {scenarios: [{id: sc-invoice}]}
"""
NEW_KEY = KEY.replace("0", "9")


def test_every_command_of_the_page_works(make_project: Callable[..., Project]) -> None:
    project, posted = make_project(speed=1000, script=PLAYED), list[Any]()

    def slack(_method: str, _path: str, body: bytes) -> Response:
        posted.append(json.loads(body))
        return 200, b"ok", {}

    with serve(slack) as url:
        known = {**project.environment, "NEW_KEY": NEW_KEY, "SLACK_WEBHOOK_URL": url}
        printed = run(f"cp -R {project.folder}/. .\n{script('how-to.md')}", project.folder.parent / "reader", known)
    [message] = posted
    assert message["text"].startswith("```\n## ✅ Tornado gate passed: 2 passed of 2 sessions")
    assert NEW_KEY not in printed
    assert Counter(body["pathway_id"] for body in project.bodies()) == {"pw-support": 4, "pw-billing": 4}
