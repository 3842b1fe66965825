"""The API of toys, in no way like Bland's."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.http_server import Response


@dataclass
class ShownToy:
    id: str
    shelf: str
    colour: str
    created_at: str
    status: str = "WOUND"
    spins: int = 0


@dataclass
class ToyApi:
    """Toys run down at the first look at one of them: grey shelves hold bad ones.

    *lost*: how many responses to a start are lost after it took effect.
    """

    lost: int = 0
    ends_at_once: bool = False
    toys: list[ShownToy] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def respond(self, method: str, path: str, body: bytes) -> Response:
        self.calls.append(f"{method} {path}")
        route, _, query = path.removeprefix("/v1/toys").partition("?")
        if route == "" and method == "POST":
            return self._start(json.loads(body))
        if route == "":
            return _json({"toys": [asdict(toy) for toy in self.toys if query == f"shelf={toy.shelf}"]})
        toy = next((toy for toy in self.toys if route.startswith(f"/{toy.id}")), None)
        if toy is None:
            return _json({"error": "no such toy"}, 404)
        if route.endswith("/cancel"):
            toy.status = "BROKEN"
        elif toy.status == "WOUND":
            self._run_down(toy)
        return _json(asdict(toy))

    def _start(self, request: dict[str, str]) -> Response:
        if any(toy.shelf == request["shelf"] and toy.status == "WOUND" for toy in self.toys):
            return _json({"error": "one toy at a time"}, 409)
        toy = ShownToy(f"toy-{len(self.toys) + 1}", request["shelf"], request["colour"], datetime.now(UTC).isoformat())
        self.toys.insert(0, toy)
        if self.ends_at_once:
            self._run_down(toy)
        if self.lost:
            self.lost -= 1
            return 502, b"<html>bad gateway</html>", {}
        return _json(asdict(toy), 201)

    def _run_down(self, toy: ShownToy) -> None:
        toy.status, toy.spins = ("BAD", 3) if toy.shelf == "low" else ("GOOD", 10)


def _json(content: object, status: int = 200) -> Response:
    return status, json.dumps(content).encode(), {"content-type": "application/json"}
