"""Random weeks of two stacks on one backend: what people do in the file and in the dashboard, and what must then hold.

The sandbox's own data are the truth: after each `pulumi up`, what it says of versions, scenarios and sessions is
compared with what the update says.
"""

from __future__ import annotations

import copy
import json
import random
import re
import subprocess
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tests.support.crashes import VICTIMS, lift_lock, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support.project import Project

Json = dict[str, Any]
SCRIPT: Final = """\
pathways:
  pw-newest: {failing: [[hard]], iteration_ms: 1000}
  pw-fixed: {scenarios: [{id: sc-fixed}, {id: sc-other}], failing: [1, [hard]], iteration_ms: 1000}
  pw-pinned: {scenarios: [{id: sc-pinned}], failing: [[hard]], iteration_ms: 1000}
  pw-trimmed: {failing: [[hard]], iteration_ms: 1000, scenario_texts: stripped}
  pw-live: {failing: [[hard]], iteration_ms: 1000}
"""
STACKS: Final = ("dev", "production")
FILE: Final[Json] = {
    "version": 1,
    "scenarios": {
        "refund": {"name": "Refund", "tester_persona_prompt": "You were charged twice.\n", "max_turns": 10},
        "cancel": {"name": "Cancel", "tester_persona_prompt": "Cancel it.  \nNow.  \n\n", "max_turns": 12},
        "hard": {"name": "hard", "tester_persona_prompt": "Nobody can help you."},
    },
    "sessions": {
        "newest": {"pathway_id": "pw-newest", "version_number": "latest", "scenarios": ["refund"]},
        "fixed": {"pathway_id": "pw-fixed", "version_number": "latest", "scenario_ids": ["sc-fixed", "sc-other"]},
        "pinned": {"pathway_id": "pw-pinned"},
        "trimmed": {"pathway_id": "pw-trimmed", "version_number": "latest", "scenarios": ["refund", "cancel"]},
        "live": {"pathway_id": "pw-live", "scenarios": ["cancel"]},
    },
    "environments": {
        "dev": {"sessions": {"pinned": {"version_number": 1}}},
        "production": {"promotes_from": "dev", "publish": "production", "sessions": {"live": None}},
    },
}
"""What the team declares at first. Nobody promotes `live`: its verdict names no version."""
PATHWAYS: Final = tuple(each["pathway_id"] for each in FILE["sessions"].values())
LAYOUT: Final = ("position", "width", "selected")
BOOKKEEPING: Final = ("version_number", "revision_number", "is_latest", "name")
MIN_SESSIONS: Final = 3


@dataclass
class Truth:
    """What the API has at one moment, without layout and bookkeeping: versions, and scenarios by their ids."""

    versions: dict[tuple[str, int], str]
    newest: dict[str, int]
    scenarios: dict[str, Json]

    @classmethod
    def now(cls, project: Project) -> Truth:
        versions: dict[tuple[str, int], str] = {}
        newest: dict[str, int] = {}
        scenarios: dict[str, Json] = {}
        for pathway_id in PATHWAYS:
            listed = project.http.get(f"/v1/pathway/{pathway_id}/versions").json()
            numbers = [each["version_number"] for each in listed]
            newest[pathway_id] = max(numbers)
            for number in (0, *numbers):
                shown = project.http.get(f"/v1/pathway/{pathway_id}/version/{number}").json()
                versions[pathway_id, number] = meaning_of_version(shown)
            rows = project.http.get("/v1/agent-testing/scenarios", params={"pathway_id": pathway_id}).json()
            scenarios |= {each["id"]: meaning_of_scenario(each) for each in rows["scenarios"]}
        return cls(versions, newest, scenarios)


def meaning_of_version(shown: Json) -> str:
    kept = {key: value for key, value in shown.items() if key not in BOOKKEEPING}
    nodes = [{key: value for key, value in node.items() if key not in LAYOUT} for node in kept.pop("nodes")]
    return json.dumps({**kept, "nodes": nodes}, sort_keys=True)


def meaning_of_scenario(shown: Json) -> Json:
    meant = ("tester_persona_prompt", "max_turns", "enabled", "assertions", "category")
    return {key: shown[key].strip() if isinstance(shown[key], str) else shown[key] for key in meant}


@dataclass
class Tested:
    """What a session ran on: the number that was sent, its content (or that of its fork), and its scenarios."""

    content: str | None
    scenarios: dict[str, Json]


@dataclass
class Ran:
    """One `pulumi up`: its exit code, what it printed, the sessions that it started, the pathways that it published."""

    code: int
    printed: str
    started: list[Json]
    began: float
    published: set[str]
    is_whole: bool = True
    """Whether it had no `--target` and was not killed."""


@dataclass
class Weeks:
    """The team's project with its stacks, a seeded chance, and what is known of every session."""

    projects: dict[str, Project]
    chance: random.Random
    file: Json = field(default_factory=lambda: copy.deepcopy(FILE))
    tested: dict[str, Tested] = field(default_factory=dict)
    last: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)
    """By stack and name: the id of the session that was started last, and what was declared then."""
    story: list[str] = field(default_factory=list)
    """What has happened, for the message of a failure."""
    printed: str = ""
    past_files: list[Json] = field(default_factory=list)

    @classmethod
    def of(cls, project: Project, seed: int) -> Weeks:
        """The stack of *project* is the first one; the others are made beside it."""
        projects = {STACKS[0]: project}
        for name in STACKS[1:]:
            projects[name] = replace(project, stack=name)
            projects[name].init()
        for name, each in projects.items():
            each.configure("tornado:reports", f"reports/{name}")
        return cls(projects, random.Random(seed))  # noqa: S311 - a seed for tests

    @property
    def dev(self) -> Project:
        return self.projects["dev"]

    def week(self) -> None:
        """Let some things happen, update both stacks, and check all that must hold."""
        happened = self.chance.sample(EVENTS, self.chance.choice([0, 1, 1, 2, 3]))
        self.past_files.append(copy.deepcopy(self.file))
        for event in happened:
            self.story.append(f"{event.__name__}: {event(self)}")
        if not happened:
            self.story.append("a quiet week")
        self.write()
        way = self.chance.choice(WAYS)
        self.story.append(f"dev is updated: {way.__name__}")
        way(self, "dev")
        self._settle("dev")
        if self.chance.random() < RELEASED:
            self._settle("production")

    def write(self, **more: Any) -> None:
        """Write the file; a scenario that no session lists is left out, since that is an error."""
        used = {key for each in self.file["sessions"].values() for key in each.get("scenarios", ())}
        scenarios = {key: each for key, each in self.file["scenarios"].items() if key in used}
        self.dev.declare(json.dumps({**self.file, "scenarios": scenarios, **more}, indent=1))

    def declared(self, stack: str) -> list[str]:
        """The sessions of a stack."""
        return [name for name in self.file["sessions"] if (stack, name) != ("production", "live")]

    def _is_hard(self, stack: str) -> bool:
        """Whether a session of a stack has the scenario that never passes."""
        return any("hard" in self.file["sessions"][name].get("scenarios", ()) for name in self.declared(stack))

    def _settle(self, stack: str) -> None:
        """Update a stack until it is green, if it can be, and once more: then nothing is started."""
        if self._is_hard(stack):
            assert self.up(stack).code != 0, f"{stack} is green, and `hard` never passes"
            return
        assert self.up(stack).code == 0 or self.up(stack).code == 0, f"{stack} does not become green"
        if self.chance.random() < REPEATED:
            again = self.up(stack)
            assert (again.code, again.started) == (0, []), "nothing has happened since"

    def up(self, stack: str, *options: str, faults: Sequence[Json] = (), is_whole: bool = True) -> Ran:
        """Run `pulumi up`, with faults of the API, and check it."""
        project = self.projects[stack]
        before, known = Truth.now(project), self.session_ids()
        began, publishes = time.time(), len(project.requests("/publish"))
        for fault in faults:
            project.fail(**fault)
        arguments = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack, *options]
        code, printed = project.run("pulumi", *arguments)
        project.http.delete("/_sandbox/faults").raise_for_status()
        published = {each["path"].split("/")[3] for each in project.requests("/publish")[publishes:]}
        ran = Ran(code, printed, self.started_since(known), began, published, is_whole)
        self.story.append(f"pulumi {' '.join(arguments)}: exit code {code}, {len(ran.started)} started")
        self.printed = printed
        self._check(stack, ran, before)
        return ran

    def told(self) -> str:
        """What has happened, and what the last update printed."""
        return "\n".join([*self.story, self.printed.partition("Outputs:")[0]])

    def session_ids(self) -> set[str]:
        return {each["session_id"] for each in self.dev.sessions()}

    def started_since(self, known: set[str]) -> list[Json]:
        return [each for each in self.dev.sessions() if each["session_id"] not in known]

    def _check(self, stack: str, ran: Ran, before: Truth) -> None:
        assert "Traceback" not in ran.printed
        self._check_starts(stack, ran, before)
        now = Truth.now(self.dev)
        self.note_started(stack, ran.started, before, now)
        self._check_state(stack)
        self._check_report(stack, ran)
        if ran.code == 0 and ran.is_whole:
            self._check_green(stack, now, ran.published)

    def _check_starts(self, stack: str, ran: Ran, before: Truth) -> None:
        """At most one start for each declared session, and none without a change that the message names."""
        by_pathway = [each["pathway_id"] for each in ran.started]
        assert len(set(by_pathway)) == len(by_pathway), f"two sessions for one declaration: {by_pathway}"
        names = {each["pathway_id"]: name for name, each in self.file["sessions"].items()}
        for pathway_id in by_pathway:
            assert pathway_id in names, f"{pathway_id} is not declared"
            name = names[pathway_id]
            why = self._change(stack, name, before)
            assert why is not None, f"{name} was started without a change"
            if ran.is_whole:
                assert names_the_start(ran.printed, name), f"no line names the start of {name} ({why})"

    def _change(self, stack: str, name: str, truth: Truth) -> str | None:
        """Return why a session may run again; None if nothing has changed since it passed."""
        session_id, declared = self.last.get((stack, name), ("", None))
        if session_id not in self.tested:
            return "it has not run yet"
        if declared != self._declared(stack, name):
            return "another declaration"
        status = next(each["status"] for each in self.dev.sessions() if each["session_id"] == session_id)
        if status != "COMPLETED_ALL_PASSED":
            return f"the last run ended with {status}"
        return self._drift(stack, name, self.tested[session_id], truth)

    def _drift(self, stack: str, name: str, tested: Tested, truth: Truth) -> str | None:
        """Return what is not any more as it was tested."""
        pathway_id, version = self.file["sessions"][name]["pathway_id"], self._version(stack, name, truth)
        if tested.content is not None and truth.versions.get((pathway_id, version)) != tested.content:
            return f"version {version} is not what was tested"
        for scenario_id, definition in tested.scenarios.items():
            if truth.scenarios.get(scenario_id) != definition:
                return f"scenario {scenario_id} is not what was tested"
        return None

    def _version(self, stack: str, name: str, truth: Truth) -> int:
        """Return the number of the version that must have passed."""
        source = self._verdicts("dev").get(name, {}).get("version") if stack == "production" else None
        if source is not None:
            return int(source)
        given = self._resolved(stack, name).get("version_number", 0)
        return truth.newest[self.file["sessions"][name]["pathway_id"]] if given == "latest" else int(given)

    def _resolved(self, stack: str, name: str) -> Json:
        own = self.file["environments"][stack].get("sessions", {}).get(name) or {}
        return {**self.file["sessions"][name], **own}

    def _declared(self, stack: str, name: str) -> Any:
        """Return what of a declaration decides whether its session runs again."""
        request = {key: value for key, value in self._resolved(stack, name).items() if key in DECISIVE}
        definitions = [self.file["scenarios"][key] for key in request.get("scenarios", ())]
        carried = self._verdicts("dev").get(name, {}).get("version") if stack == "production" else None
        return copy.deepcopy([request, definitions, carried])

    def _verdicts(self, stack: str) -> Json:
        return dict(self.projects[stack].outputs().get("verdicts") or {})

    def note_started(self, stack: str, started: list[Json], before: Truth, now: Truth) -> None:
        """Take note of what new sessions were started on, and forget those that were removed."""
        kept = {name_of(each) for each in self.projects[stack].resources()} | set(self.file["sessions"])
        self.last = {key: each for key, each in self.last.items() if key[0] != stack or key[1] in kept}
        names = {each["pathway_id"]: name for name, each in self.file["sessions"].items()}
        for each in started:
            pathway_id = each["pathway_id"]
            self.last[stack, names[pathway_id]] = (each["session_id"], self._declared(stack, names[pathway_id]))
            bodies = [body for body in self.dev.bodies() if body["pathway_id"] == pathway_id]
            sent = bodies[-1].get("version_number", 0)
            version = each["forked_version"] or sent
            # A release of the same update may have changed what is live since.
            content = before.versions.get((pathway_id, 0)) if version == 0 else now.versions.get((pathway_id, version))
            ran = {key for row in each["iterations"] for key in (*row["passed_ids"], *row["failed_ids"])}
            self.tested[each["session_id"]] = Tested(content, {key: now.scenarios[key] for key in ran})

    def _check_state(self, stack: str) -> None:
        """Every session of the state exists, and no other resource of either stack has it."""
        ids = [each["id"] for name in STACKS for each in self.projects[name].resources() if not each.get("delete")]
        assert len(set(ids)) == len(ids), f"two resources with one session in {stack}"
        assert set(ids) <= self.session_ids()

    def _check_report(self, stack: str, ran: Ran) -> None:
        """The reports are of this run."""
        path = self.dev.folder / f"reports/{stack}/verdicts.json"
        if not ran.is_whole:
            return
        assert path.stat().st_mtime >= ran.began - 1, "the report of an earlier run is still there"
        report = json.loads(path.read_text(encoding="utf-8"))
        assert report["stack"] == stack
        outcomes = {name: each["outcome"] for name, each in report["sessions"].items()}
        is_green = set(outcomes.values()) == {"passed"} and report.get("problem") is None
        assert is_green is (ran.code == 0), (outcomes, report.get("problem"))
        recorded = {name_of(each): each["id"] for each in self.projects[stack].resources()}
        if ran.code == 0:
            assert {name: each["session_id"] for name, each in report["sessions"].items()} == recorded

    def _check_green(self, stack: str, truth: Truth, published: set[str]) -> None:
        """What is green was tested, as it is now; what was published is live."""
        verdicts, sessions = self._verdicts(stack), {each["session_id"]: each for each in self.dev.sessions()}
        assert sorted(verdicts) == sorted(self.declared(stack))
        for name, verdict in verdicts.items():
            session = sessions[verdict["session_id"]]
            assert (verdict["outcome"], session["status"]) == ("passed", "COMPLETED_ALL_PASSED")
            drift = self._drift(stack, name, self.tested[verdict["session_id"]], truth)
            assert drift is None, f"{name} is green, but {drift}"
            self._check_scenarios(stack, name, session, truth)
            pathway_id = session["pathway_id"]
            if pathway_id in published:  # a later edit of what is live is seen by `pulumi refresh` and `doctor`
                live, passed = (truth.versions[pathway_id, number] for number in (0, verdict["version"]))
                assert live == passed, f"{name} was published, and is not live"

    def _check_scenarios(self, stack: str, name: str, session: Json, truth: Truth) -> None:
        """The session ran the declared scenarios, which the API has as they are declared."""
        declared = self._resolved(stack, name)
        ran = [truth.scenarios[key] for key in session["iterations"][-1]["passed_ids"]]
        wanted = [self.file["scenarios"][key] for key in declared.get("scenarios", ())]
        if wanted:
            texts = sorted(each["tester_persona_prompt"].strip() for each in wanted)
            assert sorted(each["tester_persona_prompt"] for each in ran) == texts, f"{name} ran other scenarios"
            turns = sorted(each.get("max_turns", 20) for each in wanted)
            assert sorted(each["max_turns"] for each in ran) == turns
        assert all(each["enabled"] for each in ran), f"{name} ran a disabled scenario"


DECISIVE: Final = ("pathway_id", "version_number", "scenarios", "scenario_ids", "triggers")
REPEATED: Final = 0.3
"""The share of the updates that are run once more."""
RELEASED: Final = 0.5
"""The share of the weeks that end with an update of production."""


def name_of(resource: Json) -> str:
    return str(resource["urn"].rpartition("::")[2])


def names_the_start(printed: str, name: str) -> bool:
    return re.search(rf"TornadoSession {name} (creat|replac)", printed) is not None


Event = "Callable[[Weeks], object]"


def a_version_is_edited_in_place(weeks: Weeks) -> object:
    pathway_id = weeks.chance.choice(PATHWAYS)
    number = weeks.chance.choice([0, Truth.now(weeks.dev).newest[pathway_id], 1])
    return pathway_id, number, edit_version(weeks, pathway_id, number, number)


def a_version_is_saved(weeks: Weeks) -> object:
    pathway_id = weeks.chance.choice(PATHWAYS)
    newest = Truth.now(weeks.dev).newest[pathway_id]
    return pathway_id, newest + 1, edit_version(weeks, pathway_id, newest, newest + 1)


def edit_version(weeks: Weeks, pathway_id: str, base: int, number: int) -> str:
    nodes = weeks.dev.http.get(f"/v1/pathway/{pathway_id}/version/{base}").json()["nodes"]
    prompt = f"Edited {weeks.chance.random()}"
    part = weeks.chance.choice(nodes)
    if "data" in part:
        part["data"]["prompt"] = prompt
    else:
        part["globalConfig"]["globalPrompt"] = prompt
    answer = weeks.dev.http.post(f"/v1/pathway/{pathway_id}/version/{number}", json={"nodes": nodes})
    answer.raise_for_status()
    return prompt


def nodes_are_moved(weeks: Weeks) -> object:
    pathway_id = weeks.chance.choice(PATHWAYS)
    number = Truth.now(weeks.dev).newest[pathway_id]
    nodes = weeks.dev.http.get(f"/v1/pathway/{pathway_id}/version/{number}").json()["nodes"]
    for node in nodes:
        node["position"] = {"x": weeks.chance.randrange(1000), "y": 3}
    url = f"/v1/pathway/{pathway_id}/version/{number}"
    weeks.dev.http.post(url, json={"nodes": nodes}).raise_for_status()
    return pathway_id, number


def a_scenario_is_changed(weeks: Weeks) -> object:
    rows = weeks.dev.http.get("/v1/agent-testing/scenarios").json()["scenarios"]
    chosen = weeks.chance.choice(rows)
    text = chosen["tester_persona_prompt"]
    changes: Json = weeks.chance.choice(
        [
            {"max_turns": weeks.chance.randrange(1, 50)},
            {"tester_persona_prompt": f"Edited {weeks.chance.random()}"},
            {"tester_persona_prompt": f"{text.strip()} \n\n"},
            {"category": "ANGRY_CALLER"},
            {"enabled": chosen["id"].startswith("sc-")},  # of those in the file there would be none left
        ]
    )
    weeks.dev.http.put(f"/v1/agent-testing/scenarios/{chosen['id']}", json=changes).raise_for_status()
    return chosen["name"], chosen["pathway_id"], changes


def a_scenario_is_deleted(weeks: Weeks) -> object:
    rows = weeks.dev.http.get("/v1/agent-testing/scenarios").json()["scenarios"]
    created = [each for each in rows if not each["id"].startswith("sc-")]
    if not created:
        return None
    chosen = weeks.chance.choice(created)
    weeks.dev.http.delete(f"/v1/agent-testing/scenarios/{chosen['id']}").raise_for_status()
    return chosen["name"], chosen["pathway_id"]


def a_text_is_edited(weeks: Weeks) -> object:
    key = weeks.chance.choice(["refund", "cancel"])
    end = weeks.chance.choice(["", "\n", " \n\n", "  "])
    text = f"You are no. {weeks.chance.randrange(1000)}.{end}"
    weeks.file["scenarios"][key]["tester_persona_prompt"] = text
    return key, text


def only_white_space_is_edited(weeks: Weeks) -> object:
    key = weeks.chance.choice(["refund", "cancel"])
    scenario = weeks.file["scenarios"][key]
    scenario["tester_persona_prompt"] = scenario["tester_persona_prompt"].rstrip() + weeks.chance.choice(["", "\n"])
    return key


def a_trigger_is_changed(weeks: Weeks) -> object:
    name = weeks.chance.choice(sorted(weeks.file["sessions"]))
    weeks.file["sessions"][name]["triggers"] = {"week": len(weeks.story)}
    return name


def an_option_is_changed(weeks: Weeks) -> object:
    name = weeks.chance.choice(sorted(weeks.file["sessions"]))
    weeks.file["sessions"][name]["on_conflict"] = weeks.chance.choice(["fail", "adopt", "wait"])
    return name


def another_version_is_pinned(weeks: Weeks) -> object:
    names = [name for name, each in weeks.file["environments"]["dev"]["sessions"].items() if each]
    number = weeks.chance.randrange(1, 4)
    for name in names:
        weeks.file["environments"]["dev"]["sessions"][name] = {"version_number": number}
    return names, number


def a_session_gets_or_loses_the_hard_scenario(weeks: Weeks) -> object:
    listed = [each["scenarios"] for each in weeks.file["sessions"].values() if "scenarios" in each]
    hard = [each for each in listed if "hard" in each]
    if hard:
        hard[0].remove("hard")
    elif listed:
        weeks.chance.choice(listed).append("hard")
    return not hard


def a_session_gets_or_loses_a_scenario(weeks: Weeks) -> object:
    listed = [each["scenarios"] for each in weeks.file["sessions"].values() if "scenarios" in each]
    if not listed:
        return None
    chosen = weeks.chance.choice(listed)
    key = weeks.chance.choice(["refund", "cancel"])
    if key not in chosen:
        chosen.append(key)
    elif len(chosen) > 1:
        chosen.remove(key)
    return chosen


def a_session_is_removed(weeks: Weeks) -> object:
    if len(weeks.file["sessions"]) <= MIN_SESSIONS:
        return None
    name = weeks.chance.choice(sorted(set(weeks.file["sessions"]) - {"live"}))
    del weeks.file["sessions"][name]
    weeks.file["environments"]["dev"]["sessions"].pop(name, None)
    return name


def a_session_is_renamed(weeks: Weeks) -> object:
    name = weeks.chance.choice(sorted(set(weeks.file["sessions"]) - {"live"}))
    new = f"{name.partition('-')[0]}-{len(weeks.story)}"
    weeks.file["sessions"] = {new if key == name else key: each for key, each in weeks.file["sessions"].items()}
    own = weeks.file["environments"]["dev"]["sessions"]
    if name in own:
        own[new] = own.pop(name)
    return name, new


def a_commit_is_reverted(weeks: Weeks) -> object:
    weeks.file = copy.deepcopy(weeks.chance.choice(weeks.past_files))
    return len(weeks.past_files)


EVENTS: Final[list[Callable[[Weeks], object]]] = [
    a_version_is_edited_in_place,
    a_version_is_edited_in_place,
    a_version_is_saved,
    nodes_are_moved,
    a_scenario_is_changed,
    a_scenario_is_changed,
    a_scenario_is_deleted,
    a_text_is_edited,
    only_white_space_is_edited,
    a_trigger_is_changed,
    an_option_is_changed,
    another_version_is_pinned,
    a_session_gets_or_loses_the_hard_scenario,
    a_session_gets_or_loses_a_scenario,
    a_session_is_removed,
    a_session_is_renamed,
    a_commit_is_reverted,
]


def plainly(_weeks: Weeks, _stack: str) -> None:
    """The update that follows is the first one."""


def after_a_refresh(weeks: Weeks, stack: str) -> None:
    weeks.projects[stack].run("pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive", "--stack", stack)


def after_a_preview(weeks: Weeks, stack: str) -> None:
    before = len(weeks.dev.requests("POST"))
    weeks.projects[stack].run("pulumi", "preview", "--non-interactive", "--stack", stack)
    assert len(weeks.dev.requests("POST")) == before


def with_an_invalid_file(weeks: Weeks, stack: str) -> None:
    """The file is broken for one update."""
    weeks.write(sesions={})
    ran = weeks.up(stack)
    assert (ran.code != 0, ran.started) == (True, [])
    weeks.write()


def with_a_target(weeks: Weeks, stack: str) -> None:
    resources = weeks.projects[stack].resources()
    if resources:
        urn = weeks.chance.choice(resources)["urn"]
        weeks.up(stack, "--target", urn, "--target-dependents", is_whole=False)


def with_faults(weeks: Weeks, stack: str) -> None:
    """Some requests fail before they have an effect."""
    kinds: list[Json] = [{"kind": "reset_before"}, {"kind": "status", "status": 503}]
    # Nobody starts a session within two seconds of the last run of another one, whose runs are then taken for its own.
    time.sleep(2.5)
    paths = weeks.chance.sample(["/start", "/status", "/version", "/scenarios"], 2)
    faults = [{"path": each, "times": weeks.chance.choice([1, 2]), **weeks.chance.choice(kinds)} for each in paths]
    weeks.up(stack, faults=faults, is_whole=False)


def with_a_kill(weeks: Weeks, stack: str) -> None:
    """Processes of an update are killed at some moment, and its lock is lifted."""
    known, before = weeks.session_ids(), Truth.now(weeks.dev)
    process = weeks.projects[stack].begin_up(subprocess.DEVNULL)
    time.sleep(weeks.chance.uniform(0.5, 4.0))
    if process.poll() is None:
        stop(process, weeks.chance.choice(VICTIMS))
    process.wait()
    lift_lock(weeks.projects[stack])
    weeks.note_started(stack, weeks.started_since(known), before, Truth.now(weeks.dev))


WAYS: Final[list[Callable[[Weeks, str], None]]] = [
    plainly,
    plainly,
    after_a_refresh,
    after_a_preview,
    with_an_invalid_file,
    with_a_target,
    with_faults,
    with_a_kill,
]
