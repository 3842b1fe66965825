from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.results import gated_run_of, report_of, result_of, sample, status_of
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts_json import verdicts_json
from tornado_resource.reports.writer import foreign_report, write_reports

if TYPE_CHECKING:
    from pathlib import Path


NAMES = ["junit.xml", "report.html", "summary.md", "verdicts.json"]


def test_four_reports_are_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    assert sorted(path.name for path in write_reports(folder, sample())) == NAMES
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert (folder / "junit.xml").read_text(encoding="utf-8") == junit(sample())
    assert (folder / "verdicts.json").read_text(encoding="utf-8") == verdicts_json(sample())
    assert (folder / "summary.md").read_text(encoding="utf-8") == summary(sample())
    assert (folder / "report.html").read_text(encoding="utf-8") == html(sample())


def test_old_reports_are_replaced(tmp_path: Path) -> None:
    write_reports(tmp_path, report_of())
    write_reports(tmp_path, sample())
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES
    assert (tmp_path / "verdicts.json").read_text(encoding="utf-8") == verdicts_json(sample())


@pytest.mark.parametrize(
    ("project", "stack", "is_foreign"),
    [("agents", "prod", False), ("agents", "acme/prod", False), ("agents", "dev", True), ("other", "prod", True)],
)
def test_the_report_of_another_stack_is_not_replaced_without_a_word(
    tmp_path: Path,
    project: str,
    stack: str,
    is_foreign: bool,  # noqa: FBT001
) -> None:
    write_reports(tmp_path, replace(report_of(), project=project, stack=stack))
    warning = foreign_report(tmp_path, replace(report_of(), project="agents", stack="prod"))
    assert (warning is not None) is is_foreign
    if warning is not None:
        assert f"replaces the reports of stack {stack} of project {project} in {tmp_path}" in warning


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"outcome": "passed"}', '{"stack": "staging"}'])
def test_a_folder_without_a_readable_report_is_free(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "verdicts.json").write_text(content, encoding="utf-8")
    assert foreign_report(tmp_path, report_of()) is None


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_full_disk_leaves_the_old_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    write_reports(tmp_path, report_of())
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == call:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ConfigurationError, match=r"No space left on device; name a folder that can be written to$"):
        write_reports(tmp_path, sample())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^the reports cannot be written to .*/reports: File exists; name"):
        write_reports(tmp_path / "reports", sample())


def test_a_folder_in_place_of_a_report_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "summary.md/x").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="Is a directory"):
        write_reports(tmp_path, sample())
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_secret_pathway_is_in_no_report(tmp_path: Path) -> None:
    gated = gated_run_of("support-line", request={"pathway_id": "pw-in-clear"}, is_place_secret=True)
    write_reports(tmp_path, report_of(result_of(gated, status_of("COMPLETED_ALL_PASSED", ("sc-1",), ()))))
    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert sorted(texts) == NAMES
    assert [name for name, text in texts.items() if "in-clear" in text] == []
    shown = sorted(name for name, text in texts.items() if "[secret]" in text)
    assert shown == ["junit.xml", "report.html", "verdicts.json"]


def test_a_secret_that_is_a_part_of_a_word_leaves_the_sentence_as_it_is() -> None:
    gated = gated_run_of("support-line", request={"pathway_id": "test"}, is_place_secret=True)
    reason = result_of(gated, None, "not tested as declared: pathway TEST").verdict.reason
    assert reason == "not tested as declared: pathway [secret]"


def test_no_reason_and_no_drift_names_a_secret_pathway(tmp_path: Path) -> None:
    gated = gated_run_of("support-line", request={"pathway_id": "pw-in-clear"}, is_place_secret=True)
    reason = "version 3 could not be read: version 3 of pathway PW-IN-CLEAR: gone"
    result = replace(result_of(gated, None, reason), drift="version 3 of pathway pw-in-clear: gone")
    assert (result.verdict.reason, result.drift) == (
        "version 3 could not be read: version 3 of pathway [secret]: gone",
        "version 3 of pathway [secret]: gone",
    )
    write_reports(tmp_path, report_of(result))
    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert [name for name, text in texts.items() if "in-clear" in text.casefold()] == []
    public = result_of(replace(gated, is_place_secret=False), None, reason)
    assert public.verdict.reason == reason
