"""Programs against another server than the sandbox: two forms of every response, and how often it is asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.support.project import PULUMI_SECONDS
from tests.support.second_api import ROOT, SecondApi, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

PROGRAM = """\
import pulumi
from tornado_resource import TornadoSession, wait_for

for name in ("bad", "good"):
    session = TornadoSession(name, pathway_id=f"pw-{name}", gate={"passed": "promotion"})
    pulumi.export(name, wait_for(session))
"""


def test_a_failing_gate_is_red_in_the_plain_form_of_every_response(make_project: Callable[..., Project]) -> None:
    project, api = make_project(program=PROGRAM), SecondApi("plain")
    with serve(api) as url:
        printed = project.up(expect=None, BLAND_BASE_URL=url)
        assert "gate failed: 1 failed of 2 sessions" in printed
        assert "Traceback" not in printed
        outputs = project.outputs()
        assert {name: outputs[name]["outcome"] for name in outputs} == {"bad": "failed", "good": "passed"}
        assert {each["id"] for each in project.resources()} == set(api.pathways)
        project.pulumi("refresh", "--yes", "--skip-preview", BLAND_BASE_URL=url)
        assert len(project.resources()) == 2


BOTH = """\
version: 1
sessions:
  booking: {pathway_id: pw-good, rerun: on_failure}
agents:
  support: {agent_id: agent-1, gate: {passed: "80%"}, publish: staging}
"""


def test_a_session_and_a_check_run_share_a_gate_in_the_wrapped_form(make_project: Callable[..., Project]) -> None:
    """The response to the start of the check run is lost, and it has ended when it is looked for."""
    project, api = make_project(), SecondApi("wrapped")
    project.declare(BOTH)
    with serve(api) as url:
        project.up(BLAND_BASE_URL=url)
        outputs = project.outputs()
        verdicts = outputs["verdicts"]
        assert {name: verdict["outcome"] for name, verdict in verdicts.items()} == dict.fromkeys(verdicts, "passed")
        assert set(verdicts) == {"booking", "support"}
        run = outputs["agents"]["support"]
        assert (run["run_id"], run["created_at"]) == ("check-1", api.agent.runs[0]["created_at"])
        assert (run["version_id"], verdicts["support"]["content"]) == ("version-9", "version-9")
        assert [judge["match_rate"] for judge in verdicts["support"]["judges"]] == [1, 0.2]
        assert api.agent.pins == {"dev": None, "staging": "version-9", "production": None}
        project.up(0, "--refresh", BLAND_BASE_URL=url)
        assert (api.agent.started, len(api.pathways)) == (1, 1)


class CountedApi(SecondApi):
    """Its sessions have ended when they are first asked for. *calls* has the path, begin and end of each GET.

    The first of them is answered when eight have come. It shows no versions; reads of those are not among them.
    """

    def __init__(self) -> None:
        super().__init__("plain")
        self.calls: list[tuple[str, float, float]] = []
        self._lock = threading.Lock()
        self._coming = 0
        self._are_eight = threading.Event()

    def respond(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if "/version/" in path:
            return 404, {"message": "not found"}
        begun = time.monotonic()
        if method == "GET":
            with self._lock:
                self._coming += 1
                if self._coming == 8:
                    self._are_eight.set()
            self._are_eight.wait(PULUMI_SECONDS / 10)
        with self._lock:
            status, content = super().respond(method, path, body)
            if method == "POST":
                self.asked[content["id"]] = 1
            else:
                self.calls.append((path, begun, time.monotonic()))
        return status, content


def test_sessions_are_asked_for_side_by_side(project: Project) -> None:
    sessions = "".join(f"  session-{number}: {{pathway_id: pw-{number}, rerun: on_failure}}\n" for number in range(10))
    project.declare(f"version: 1\nsessions:\n{sessions}")
    api = CountedApi()
    with serve(api) as url:
        project.configure("tornado:wait", "false")
        project.up(BLAND_BASE_URL=url)
        assert (len(api.pathways), api.calls) == (10, [])
        project.configure("tornado:wait", "true")
        project.up(BLAND_BASE_URL=url)
        verdicts = project.outputs()["verdicts"]
        assert {verdict["outcome"] for verdict in verdicts.values()} == {"passed"}
        asked = Counter(path for path, *_ in api.calls)
        assert {asked[f"{ROOT}/tornado/{session_id}/status"] for session_id in api.pathways} == {1}
        assert len(api.calls) <= 20
        begun = sorted(begin for _, begin, _ in api.calls)
        ended = sorted(end for *_, end in api.calls)
        assert begun[7] < ended[0], "at least eight requests at a time"
