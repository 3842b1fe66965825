"""The end of a program's process."""

from __future__ import annotations

import atexit
import gc
import sys

import pytest

from tornado_resource.program.sdk import end_without_collecting

HOST = ["python3", "-u", "/x/bin/pulumi-language-python-exec", "--stack", "dev", "."]


@pytest.mark.parametrize(("arguments", "number"), [(HOST, 1), (["python3", "deploy.py"], 0)], ids=["own", "inline"])
def test_only_a_process_of_the_program_alone_ends_sooner(
    arguments: list[str], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    monkeypatch.setattr(sys, "orig_argv", arguments)
    monkeypatch.setattr(atexit, "register", calls.append)
    end_without_collecting()
    assert calls == [gc.freeze] * number
