"""The editor's side of the Language Server Protocol, for yaml-language-server."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
}
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}


class LanguageServer:
    """A running server. `open` gives it the text of a file in *folder*; the other methods ask about the last one."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._number = 0
        self.folder = folder
        self._opened = 0
        self._uri = ""
        self._problems: dict[str, list[dict[str, Any]]] = {}
        self.request("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": CAPABILITIES})
        self.notify("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open(self, text: str) -> str:
        """Open a text, and return the address that it has."""
        self._opened += 1
        self._uri = (self.folder / f"sessions-{self._opened}.yaml").as_uri()
        document = {"uri": self._uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self._uri

    def complete(self, line: int, character: int) -> list[dict[str, Any]]:
        """Return what is offered at a position, counted from 0."""
        found = self.request("textDocument/completion", self._at(line, character))
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found or []
        return items

    def hover(self, line: int, character: int) -> str:
        """Return what is shown about what is at a position."""
        found = self.request("textDocument/hover", self._at(line, character))
        return str(found["contents"]["value"]) if found else ""

    def problems(self, uri: str | None = None) -> list[dict[str, Any]]:
        """Return the diagnostics of the text, or of another one by what `open` returned."""
        while (uri or self._uri) not in self._problems:
            self._read()
        return self._problems[uri or self._uri]

    def request(self, method: str, parameters: Any) -> Any:
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _at(self, line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self._uri}, "position": {"line": line, "character": character}}

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """Read one message, and respond to what the server asks."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            wanted = [SETTINGS.get(item.get("section", "")) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": wanted})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        return message
