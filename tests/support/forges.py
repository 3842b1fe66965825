"""A stand-in for the APIs of GitHub and GitLab: the comments of request 7, in pages, for one token."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token-of-this-run"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = "/repos/acme/agents"
GITLAB = "/api/v4/projects/12"
APP = {"login": "github-actions[bot]", "type": "Bot", "id": 41}
"""Who writes with the token of a workflow."""
MEMBER = {"login": "ana", "type": "User", "id": 8}


@dataclass
class Forge:
    """What it has: *comments*, *requests* with the commit (by number), *sent* (method, path and body of each request).

    *user*: whose token it is, as `GET /user` tells; None as for the token of an app. *refusal*: a status for writes.
    """

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    user: dict[str, Any] | None = None
    refusal: int | None = None
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def say(self, body: str, author: dict[str, Any]) -> None:
        """Let somebody comment."""
        self.comments.append({"id": len(self.comments) + 100, "body": body, "user": author, "author": author})

    @property
    def bodies(self) -> list[str]:
        """The comments."""
        return [each["body"] for each in self.comments]

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Return status, JSON and headers of the response to a request."""
        parts = urlsplit(target)
        content: dict[str, Any] = json.loads(body or b"{}")
        self.sent.append((method, parts.path, content))
        if TOKEN not in {headers.get("private-token"), (headers.get("authorization") or "").removeprefix("Bearer ")}:
            return 401, {"message": f"Bad credentials {headers.get('authorization')}"}, {}
        if method == "GET":
            return self._read(parts.path, parse_qs(parts.query))
        if self.refusal is not None:
            return self.refusal, {"message": "Resource not accessible by integration"}, {}
        return self._write(method, parts.path, content["body"])

    def _read(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        commits = {f"{GITHUB}/commits/{COMMIT}/pulls", f"{GITLAB}/repository/commits/{COMMIT}/merge_requests"}
        if path in commits:
            return 200, [{"number": each, "iid": each} for each in self.requests], {}
        if path in {"/user", "/api/v4/user"}:
            return (200, self.user, {}) if self.user else (403, {"message": "Resource not accessible"}, {})
        assert path in {f"{GITHUB}/issues/7/comments", f"{GITLAB}/merge_requests/7/notes"}, path
        size, page = int(query["per_page"][0]), int(query["page"][0])
        more = f'<{self.url}{path}?page={page + 1}>; rel="next"' if len(self.comments) > size * page else ""
        return 200, self.comments[size * (page - 1) : size * page], {"link": more} if more else {}

    def _write(self, method: str, path: str, body: str) -> tuple[int, Any, dict[str, str]]:
        if method == "POST":
            assert path in {f"{GITHUB}/issues/7/comments", f"{GITLAB}/merge_requests/7/notes"}, path
            self.say(body, self.user or APP)
            return 201, self.comments[-1], {}
        folder, _, number = path.rpartition("/")
        assert (method, folder) in {
            ("PATCH", f"{GITHUB}/issues/comments"),
            ("PUT", f"{GITLAB}/merge_requests/7/notes"),
        }, (method, path)
        found = next(each for each in self.comments if each["id"] == int(number))
        found["body"] = body
        return 200, found, {}


@contextmanager
def serve_forge() -> Iterator[Forge]:
    """Serve a stand-in on a free port of this machine."""
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, found, headers = forge.answer(self.command, self.path, self.headers, body)
            content = json.dumps(found).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815 - names that http.server asks for

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
