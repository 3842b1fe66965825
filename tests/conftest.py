"""For every test: nothing from the developer's environment, and no pause between retries."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
from typing import TYPE_CHECKING

import editor
import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.soak import IS_SOAK
from tornado_resource.bland import retrying
from tornado_resource.core.clock import Clock
from tornado_resource.runs import existence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = itertools.count()
UNMEASURED = {"bland", "core", "project", "reports", "sandbox", "tools"}
"""Folders of unit tests that reach no branch of the core that the other ones do not."""
LONG = {
    "test_a_committed_rollback_waits_for_no_promotion",
    "test_a_confirmation_is_cut_off_lost_and_found",
    "test_a_pass_is_confirmed_once_and_judged_again",
    "test_a_plan_is_carried_out_and_a_failed_gate_refuses_no_destroy",
    "test_a_quarantine_from_its_first_day_to_its_end",
    "test_a_session_that_is_renamed_or_moves_into_a_component_is_kept",
    "test_a_stack_goes_back_and_stays_there",
    "test_a_stack_that_passed_asks_nothing",
    "test_another_machine_waits_reports_updates_and_destroys",
    "test_an_interrupted_demo_resumes_and_its_second_update_starts_nothing",
    "test_deploy_works_in_inline_programs_one_after_the_other",
    "test_every_command_of_a_page_prints_what_it_shows",
    "test_every_command_of_the_page_works",
    "test_only_narrows_and_a_nightly_run_is_no_change",
    "test_sessions_and_check_runs_have_one_report_and_one_gate",
    "test_the_life_of_checks",
    "test_the_life_of_declared_checks",
    "test_the_life_of_declared_test_cases",
    "test_the_life_of_judges_as_code",
    "test_the_page_about_a_night_works_as_it_is_typed",
    "test_whatever_happens_green_is_true_and_nothing_runs_twice",
}
"""Stories at the beginning of acceptance files that take four seconds and more: `make quick` runs the next one."""
# A shell that runs CI in the background ignores SIGINT, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile(
    "ci",
    max_examples=100 if IS_SOAK else 40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
# For `make mutate`, where any failure will do: looking for the simplest one takes up to minutes for each mutant.
settings.register_profile(
    "mutation", parent=settings.get_profile("ci"), max_examples=100, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="of each acceptance file only the first short test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        first = {item.path: item for item in reversed(items) if item.name.partition("[")[0] not in LONG}
        left_out = [item for item in items if "acceptance" in item.path.parts and first.get(item.path) is not item]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if not IS_SOAK:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    for item in items:
        if item.path.parent.name in UNMEASURED:
            item.add_marker("no_cover")  # to measure takes as long as the test


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the thousands of tests that need no folder of their own."""
    return tmp_path_factory.mktemp("shared")


OURS = ("BLAND_", "CIRCLE_", "CI_PROJECT_", "GITHUB_", "PULUMI_", "TORNADO_")
"""How the variables begin that commands and programs read."""


@pytest.fixture(autouse=True)
def own_signal_handlers() -> Iterator[None]:
    """Remove the handlers that a program's resources install: they end the process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def sealed_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shared_folder: Path) -> None:
    has_own = "tmp_path" in request.fixturenames
    folder: Path = request.getfixturevalue("tmp_path") if has_own else shared_folder
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    # It is made when something is written there.
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ("state-home" if has_own else f"state-home-{next(NUMBERS)}")))
    # Where it is set, every command and every Pulumi program of the tests compiles the package again.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for name in [name for name in os.environ if name not in {"TORNADO_SOAK", "TORNADO_GOLDEN"}]:
        if name.startswith(OURS) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def retries_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go_on(_seconds: float) -> None:
        pass

    for module in (retrying, existence):
        monkeypatch.setattr(module, "SYSTEM", Clock(sleep=go_on))


@pytest.fixture(scope="session")
def packages() -> Path:
    """The npm packages that tests drive. Without them the tests fail, rather than being skipped."""
    assert editor.is_complete(), "run `python tools/programs.py`"
    return editor.FOLDER / "node_modules"
