"""A project of its own for each test, run through `pulumi` as a user runs it, against a sandbox over HTTP."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support import http_server, postgres
from tests.support.preloading import forks
from tests.support.project import HELD, KEY, PROGRAM, Project, answer_as_vault
from tests.support.soak import IS_SOAK
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def key_store() -> Iterator[None]:
    """Where the engine gets the key of a stack's secrets; to derive it from a passphrase is a tenth of an operation."""
    with http_server.serve(answer_as_vault) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAULT_SERVER_URL", url)
        yield


@pytest.fixture(scope="session")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where Pulumi's Python processes are forked; in `make soak`, and where a test kills them, each begins anew."""
    if IS_SOAK or not hasattr(os, "pidfd_open"):
        yield
        return
    address = str(tmp_path_factory.mktemp("preloaded") / "socket")
    with pytest.MonkeyPatch.context() as patch, forks(address):
        patch.setenv("PRELOADED", address)
        yield


@pytest.fixture(scope="session")
def pulumi_home(key_store: None, preloaded: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001
    """Shared by a worker's tests. Without an engine the tests fail, rather than being skipped."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert shutil.which("pulumi", path=path), "no engine: run `make setup`"
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Shared by a worker's tests. Without PostgreSQL the tests fail, rather than being skipped."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def make_project(tmp_path: Path, pulumi_home: Path) -> Iterator[Callable[..., Project]]:
    """Make projects; *speed*, *latency_ms* and *script* are the sandbox's, *backend* is a URL (default: a folder)."""
    closing: list[Callable[[], object]] = []

    def make(  # noqa: PLR0913 - keywords
        *,
        speed: float = HELD,
        latency_ms: int = 0,
        script: str | None = None,
        stack: str = "dev",
        program: str = PROGRAM,
        backend: str | None = None,
    ) -> Project:
        folder = tmp_path / "project"
        folder.mkdir()
        (tmp_path / "state").mkdir()
        (folder / "Pulumi.yaml").write_text("name: agents\nruntime: python\n", encoding="utf-8")
        (folder / "__main__.py").write_text(program, encoding="utf-8")
        options: dict[str, Any] = {}
        if script is not None:
            options["script"] = tmp_path / "script.yaml"
            options["script"].write_text(script, encoding="utf-8")
        sandbox = Sandbox(speed=speed, latency_ms=latency_ms, **options).__enter__()
        closing.append(sandbox.__exit__)
        http = httpx.Client(base_url=sandbox.url, headers={"authorization": KEY}, trust_env=False)
        closing.append(http.close)
        project = Project(folder, pulumi_home, backend or (tmp_path / "state").as_uri(), sandbox, http, stack)
        project.init()
        return project

    yield make
    for close in reversed(closing):
        close()


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A project whose sessions pass after less than half a second."""
    return make_project(speed=1000)


@pytest.fixture
def slow_project(make_project: Callable[..., Project]) -> Project:
    """A project whose sessions run until the test finishes them."""
    return make_project()
