"""The forks that run in `make test` what Pulumi starts: a program has there all that it has in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.crashes import is_zombie
from tests.support.preloading import STAND_INS
from tests.support.project import until
from tests.support.soak import IS_SOAK

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("preloaded"),
    pytest.mark.skipif(IS_SOAK or not hasattr(os, "pidfd_open"), reason="make soak forks nothing; forks need Linux"),
]
SHOW = """\
import json, os, signal, sys, threading
print(json.dumps([
    sys.argv, sys.orig_argv, sys.path, sys.stdin.read(), sys.stdout.encoding, sys.stderr.errors, os.getcwd(),
    {key: value for key, value in os.environ.items() if key != "PRELOADED"}, __name__, __file__,
    [str(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)], threading.active_count(),
    sorted(os.listdir("/proc/self/fd"))[:3],
]))
print("ö", file=sys.stderr)
"""
WAIT = """\
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(os.readlink("/proc/self"), os.getpid(), flush=True)
time.sleep(600)
"""
END = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "pulumi-language-python-exec"


def environment(address: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(STAND_INS), "PRELOADED": address}


@pytest.mark.parametrize(("name", "options"), [("pulumi-language-python-exec", ["-u"]), ("tornado-resource", [])])
def test_a_fork_has_all_that_its_process_has(tmp_path: Path, name: str, options: list[str]) -> None:
    program = tmp_path / name
    program.write_text(SHOW + "import tornado_resource.deployment.deploy\nsys.exit(3)\n", encoding="utf-8")
    own, forked = (
        subprocess.run(
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, *options, program, "one", "--two"],
            cwd=tmp_path,
            env=environment(address),
            input="ä",
            capture_output=True,
            text=True,
            check=False,
        )
        for address in ("", os.environ["PRELOADED"])
    )
    assert own.returncode == forked.returncode == 3
    assert forked.stdout == own.stdout
    assert forked.stderr == own.stderr == "ö\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 7), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_signal_reaches_the_fork(program: Path, tmp_path: Path, number: int, code: int) -> None:
    program.write_text(WAIT, encoding="utf-8")
    command = [sys.executable, str(program)]
    address = os.environ["PRELOADED"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(address), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        fork, shown = map(int, process.stdout.readline().split())
        assert (shown, fork == process.pid) == (process.pid, False)
        process.send_signal(number)
        assert process.wait() == code
    until(lambda: is_zombie(fork))


def test_a_process_ends_as_its_fork_does(program: Path, tmp_path: Path) -> None:
    program.write_text(END, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, program], cwd=tmp_path, env=environment(os.environ["PRELOADED"]), check=False
    )
    assert ended.returncode == -signal.SIGKILL
