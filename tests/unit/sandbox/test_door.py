"""The sandbox refuses other hosts, other sites and large bodies, and answers 500 to nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import httpx
import pytest

from tornado_resource.sandbox.door import MAX_BODY_BYTES, MAX_INTEGER
from tornado_resource.sandbox.serving import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

START = "/v1/agent-testing/tornado/start"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    headers = {"authorization": "sk-any-key"}
    with Sandbox() as sandbox, httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "[::1]:1", "LOCALHOST"])
def test_loopback_hosts_are_let_in(http: httpx.Client, host: str) -> None:
    assert http.get("/_sandbox/requests", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:x", "0.0.0.0", ""])  # noqa: S104
def test_other_hosts_are_refused(http: httpx.Client, host: str) -> None:
    assert http.get("/_sandbox/requests", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("path", ["/_sandbox/reset", "/_sandbox/faults", START])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_cross_site_writes_are_refused(http: httpx.Client, path: str, headers: dict[str, str]) -> None:
    assert http.post(path, headers=headers).status_code == 403


def test_the_sandbox_s_own_page_may_write(http: httpx.Client) -> None:
    origin = str(http.base_url).rstrip("/")
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert http.post("/_sandbox/reset", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/_sandbox/faults", START])
def test_a_large_body_is_refused(http: httpx.Client, path: str) -> None:
    assert http.post(path, content=b" " * MAX_BODY_BYTES).status_code == 400
    assert http.post(path, content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert http.post(path, content=iter([b" "])).status_code == 411


@pytest.mark.parametrize("path", ["/_sandbox/faults", START, "/v1/pathway/p/publish"])
@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\x00",
        b"[" * 200_000,
        b'{"pathway_id": "\\ud800"}',
        b'{"pathway_id": "p", "max_iterations": NaN}',
        b'{"pathway_id": "p", "timeout_ms": 1%s}' % (b"0" * 30),
        b'{"pathway_id": "p", "version_number": 1%s}' % (b"0" * 5000),
        b'{"version_id": 1%s}' % (b"0" * 30),
        b'{"version_id": 1, "environment": [[]]}',
        b'{"kind": "status", "status": "x"}',
        b'{"kind": ["status"], "times": {}}',
    ],
)
def test_no_body_is_answered_with_500(http: httpx.Client, path: str, body: bytes) -> None:
    assert http.post(path, content=body).status_code == 400


def test_the_largest_numbers_are_played(http: httpx.Client) -> None:
    body = {"pathway_id": "large", "max_iterations": MAX_INTEGER, "timeout_ms": MAX_INTEGER}
    session_id = http.post(START, json=body).json()["session_id"]
    assert http.get(f"/v1/agent-testing/tornado/{session_id}/status").status_code == 200


def test_only_the_page_s_own_script_runs(http: httpx.Client) -> None:
    response = http.get("/")
    script = response.text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "innerHTML" not in script
