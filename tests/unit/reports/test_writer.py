from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.results import gated_session_of, report_of, result_of, sample
from tornado_resource.errors import ConfigurationError
from tornado_resource.reports.annotations import annotation_lines
from tornado_resource.reports.github import announce, append_summary
from tornado_resource.reports.html import html
from tornado_resource.reports.junit import junit
from tornado_resource.reports.summary import summary
from tornado_resource.reports.verdicts import verdicts_json
from tornado_resource.reports.writer import write_reports

if TYPE_CHECKING:
    from pathlib import Path


NAMES = ["junit.xml", "report.html", "summary.md", "verdicts.json"]


def test_four_files_in_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    assert sorted(path.name for path in write_reports(folder, sample())) == NAMES
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert (folder / "junit.xml").read_text(encoding="utf-8") == junit(sample())
    assert (folder / "verdicts.json").read_text(encoding="utf-8") == verdicts_json(sample())
    assert (folder / "summary.md").read_text(encoding="utf-8") == summary(sample())
    assert (folder / "report.html").read_text(encoding="utf-8") == html(sample())


def test_old_files_are_replaced(tmp_path: Path) -> None:
    write_reports(tmp_path, report_of())
    write_reports(tmp_path, sample())
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES
    assert (tmp_path / "verdicts.json").read_text(encoding="utf-8") == verdicts_json(sample())


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_when_the_disk_is_full_the_old_files_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
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


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^the reports cannot be written to .*/reports: File exists; name"):
        write_reports(tmp_path / "reports", sample())


def test_a_folder_in_the_place_of_a_report(tmp_path: Path) -> None:
    (tmp_path / "summary.md/x").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="Is a directory"):
        write_reports(tmp_path, sample())
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "step.md"
    path.write_text("before\n", encoding="utf-8")
    append_summary(path, sample())
    assert path.read_text(encoding="utf-8") == f"before\n{summary(sample())}\n"


def test_github_is_told(tmp_path: Path) -> None:
    path, told = tmp_path / "step.md", list[str]()
    announce(sample(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}, told.append)
    assert told == annotation_lines(sample())
    assert path.read_text(encoding="utf-8") == summary(sample()) + "\n"


def test_no_one_else_is_told(tmp_path: Path) -> None:
    path, told = tmp_path / "step.md", list[str]()
    announce(sample(), {"GITHUB_STEP_SUMMARY": str(path)}, told.append)
    announce(sample(), {"GITHUB_ACTIONS": "false", "GITHUB_STEP_SUMMARY": str(path)}, told.append)
    assert (told, path.exists()) == ([], False)


def test_no_summary_file_is_no_fault(tmp_path: Path) -> None:
    told: list[str] = []
    report = report_of(result_of(gated_session_of("a"), None, "no answer"))
    announce(report, {"GITHUB_ACTIONS": "true"}, told.append)
    announce(report_of(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}, told.append)
    announce(report_of(), {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "a\0b"}, told.append)
    assert told[:1] == annotation_lines(report)
    assert told[1] == f"the job summary could not be written to {tmp_path}: Is a directory"
    assert told[2] == "the job summary could not be written to a\\x00b: embedded null byte"
