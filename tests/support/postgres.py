"""A PostgreSQL server of the tests' own: a cluster in a temporary folder, gone when they end, whatever happens."""

from __future__ import annotations

import os
import pwd
import secrets
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: Final = "tornado"
PASSWORD: Final = "pg-canary-fedcba9876543210"
START_SECONDS: Final = 60
KEEPER: Final = '"$@" & read -r _; kill -INT $!; wait'
"""Ends the server when the other end of its input goes: also where pytest is killed and cleans nothing up."""
QUICK: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class Server:
    """A server that runs, and the folder of its programs."""

    bin_folder: Path
    port: int

    def database(self) -> str:
        """Make an empty database; give its URL."""
        name = f"test_{secrets.token_hex(4)}"
        command = [
            str(self.bin_folder / "createdb"),
            "--host=127.0.0.1",
            f"--port={self.port}",
            f"--username={USER}",
            name,
        ]
        subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": PASSWORD})
        return f"postgres://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}?sslmode=disable"


@contextmanager
def running() -> Iterator[Server]:
    """A server on a free loopback port, with one superuser who needs a password."""
    found = programs.INITDB.find()
    assert found is not None, "no PostgreSQL: run python tools/programs.py"
    bin_folder = Path(found).resolve().parent
    with ExitStack() as stack:
        # Not in pytest's folder, which only its own user may enter: the server does not run as root.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tornado-postgres-")))
        identity = _identity(folder)
        _make_cluster(bin_folder / "initdb", folder, identity)
        port = _free_port()
        process = stack.enter_context(_serving(bin_folder / "postgres", folder, port, identity))
        _wait_until_ready(process, folder)
        yield Server(bin_folder, port)


def _identity(folder: Path) -> dict[str, Any]:
    """Whom the server runs as, for subprocess: it refuses to be root. Makes *folder* theirs."""
    if os.geteuid() != 0:
        return {}
    with suppress(KeyError):
        return _owner_of(folder, pwd.getpwnam("postgres"))
    return _owner_of(folder, pwd.getpwnam("nobody"))


def _owner_of(folder: Path, account: pwd.struct_passwd) -> dict[str, Any]:
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _make_cluster(initdb: Path, folder: Path, identity: dict[str, Any]) -> None:
    password = folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    password.chmod(0o644)
    command = [str(initdb), f"--pgdata={folder / 'data'}", f"--username={USER}", f"--pwfile={password}", "--no-sync"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **identity)
    assert made.returncode == 0, made.stderr


@contextmanager
def _serving(postgres: Path, folder: Path, port: int, identity: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", **QUICK}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", postgres, "-D", folder / "data", *options],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for pytest, which then ends the server in order
            **identity,
        )
    with process:  # closes its input at the end, and waits
        yield process


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the word in its own folder: on the port another server could answer."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(folder):
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8")
        time.sleep(0.05)


def _is_ready(folder: Path) -> bool:
    with suppress(FileNotFoundError):
        return (folder / "data/postmaster.pid").read_text(encoding="utf-8").rstrip().endswith("\nready")
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
