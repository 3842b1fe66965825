"""GitHub and GitLab, as far as comments on pull and merge requests need them: by the variables of their pipelines."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from tornado_resource.bland.address import LOOPBACK
from tornado_resource.bland.http import httpx
from tornado_resource.core.files import read_file
from tornado_resource.core.redaction import encodings, redact
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Comment = Mapping[str, Any]
    Environ = Mapping[str, str]

FORGE_SECONDS: Final = 20.0
MAX_FORGE_RESPONSE_BYTES: Final = 64 * 1024**2
MAX_COMMENT_PAGES: Final = 200
REFUSED_STATUSES: Final = {403, 404}
NEITHER: Final = "it works in GitHub Actions and GitLab CI only, whose variables say which request the comment is for"
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_REQUEST_REF: Final = re.compile(r"refs/pull/([0-9]+)/\w+")


def forge_of(environ: Environ) -> Forge:
    """Return what runs this pipeline.

    Raises:
        ConfigurationError: neither GitHub nor GitLab does, or a variable is missing or invalid.

    """
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHub(environ)
    if environ.get("GITLAB_CI") == "true":
        return GitLab(environ)
    raise ConfigurationError(NEITHER)


@dataclass(frozen=True)
class Answer:
    """A response: its status, what its JSON says, and whether the list goes on."""

    status: int
    content: Any
    has_next: bool


class ForgeApi:
    """The API of a forge. The token goes there only, and is in no error.

    Args:
        base: the base URL.
        token: the token.
        header: the name of the token's header, and what is before the token in it.
        advice: what may be wrong if a request is refused.

    Raises:
        ConfigurationError: the URL or the token cannot be used.

    """

    def __init__(self, base: str, token: str, header: tuple[str, str], advice: str) -> None:
        if not _is_safe(base):
            message = "the API URL in the environment is not an https URL"
            raise ConfigurationError(message)
        if not token.isascii() or not token.isprintable():
            message = "the token has characters that cannot be sent"
            raise ConfigurationError(message)
        name, prefix = header
        headers = {name: f"{prefix}{token}", "accept": "application/json", "user-agent": "tornado-resource"}
        self._client = httpx.Client(base_url=base, headers=headers, timeout=FORGE_SECONDS, follow_redirects=False)
        self._forms = encodings(token)
        self._advice = advice

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def pages(self, path: str, size: int) -> Iterator[Comment]:
        """Yield the entries of a list, of which a page has *size*."""
        for number in range(1, MAX_COMMENT_PAGES + 1):
            answer = self.send("GET", path, params={"per_page": size, "page": number})
            yield from (entry for entry in answer.content or () if isinstance(entry, dict))
            if not answer.has_next:
                return

    def first(self, path: str) -> Comment:
        """Return the first entry of a list; empty if there is none."""
        content = self.send("GET", path).content
        return content[0] if isinstance(content, list) and content and isinstance(content[0], dict) else {}

    def send(self, method: str, path: str, *, may_refuse: bool = False, **options: Any) -> Answer:
        """Send a request and return the answer; *may_refuse*: also if it is refused.

        Raises:
            ConfigurationError: there is no answer, or it is an error.

        """
        try:
            with self._client.stream(method, path, **options) as response:
                content = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._error(method, path, str(error) or type(error).__name__) from None
        if not response.is_success and not (may_refuse and response.status_code in REFUSED_STATUSES):
            words = content.get("message") or content.get("error") if isinstance(content, dict) else None
            advice = f"; {self._advice}" if response.status_code in {401, *REFUSED_STATUSES} else ""
            raise self._error(method, path, f"HTTP {response.status_code}{f' ({words})' if words else ''}{advice}")
        return Answer(response.status_code, content, "next" in response.links)

    def _error(self, method: str, path: str, text: str) -> ConfigurationError:
        return ConfigurationError(clean(redact(f"{method} {path}: {text}", self._forms), 600))


def _is_safe(base: str) -> bool:
    try:
        parts = urlsplit(base)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _read(response: httpx.Response) -> Any:
    """Return the JSON of a response, or None if it is none."""
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MAX_FORGE_RESPONSE_BYTES:
            message = "the response is too large"
            raise ValueError(message)
    try:
        return json.loads(bytes(content))
    except (ValueError, RecursionError):
        return None


class Forge(ABC):
    """Where pull requests are, and their comments."""

    limit: ClassVar[int]
    """The most characters of a comment."""
    noun: ClassVar[str]
    """What people call a pull request there."""

    def __init__(self, environ: Environ, api: ForgeApi) -> None:
        self._environ = environ
        self._api = api

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    @abstractmethod
    def find_request(self) -> str | None:
        """Return the number of the pull request of this run, else of the one that has its commit; None if none has."""

    @abstractmethod
    def write(self, request: str, mark: str, body: str) -> bool:
        """Write a comment, or update the one that the same account wrote with this mark; return whether it did."""


class GitHub(Forge):
    """Pull requests on GitHub."""

    limit = 65_536
    noun = "pull request"

    def __init__(self, environ: Environ) -> None:
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
        if not token:
            message = "GITHUB_TOKEN is not set: pass `${{ github.token }}` to this step"
            raise ConfigurationError(message)
        base = environ.get("GITHUB_API_URL") or "https://api.github.com"
        advice = (
            "the job needs `permissions: pull-requests: write`; for a pull request from a fork the token can only read"
        )
        super().__init__(environ, ForgeApi(base, token, ("authorization", "Bearer "), advice))
        self._repository = f"repos/{_variable(environ, 'GITHUB_REPOSITORY', _REPOSITORY)}"

    def find_request(self) -> str | None:
        """Return the number that the event has, else that of the ref, else that of the one with the commit."""
        number = _number_in(self._environ.get("GITHUB_EVENT_PATH", ""))
        named = _REQUEST_REF.fullmatch(self._environ.get("GITHUB_REF", ""))
        if number is not None or named is not None:
            return number or (named[1] if named is not None else None)
        commit = _variable(self._environ, "GITHUB_SHA", _COMMIT)
        return _number(self._api.first(f"{self._repository}/commits/{commit}/pulls").get("number"))

    def write(self, request: str, mark: str, body: str) -> bool:
        """Write the comment, or update the own one; return whether it did."""
        path = f"{self._repository}/issues/{request}/comments"
        own = _find(self._api.pages(path, 100), mark, self._is_own())
        if own is None:
            self._api.send("POST", path, json={"body": body})
        else:
            self._api.send("PATCH", f"{self._repository}/issues/comments/{own}", json={"body": body})
        return own is not None

    def _is_own(self) -> Callable[[Comment], bool]:
        user = self._api.send("GET", "user", may_refuse=True).content
        login = user.get("login") if isinstance(user, dict) else None
        # The token of a workflow is that of an app: it may not ask who it is, and people cannot write as an app.
        return lambda comment: _author(comment, "user", "login" if login else "type") == (login or "Bot")


class GitLab(Forge):
    """Merge requests on GitLab."""

    limit = 1_000_000
    noun = "merge request"

    def __init__(self, environ: Environ) -> None:
        token = environ.get("GITLAB_TOKEN")
        if not token:
            message = "GITLAB_TOKEN is not set: an access token with the scope api (CI_JOB_TOKEN cannot write comments)"
            raise ConfigurationError(message)
        advice = "GITLAB_TOKEN must be a token with the scope api and at least the role Reporter"
        super().__init__(environ, ForgeApi(environ.get("CI_API_V4_URL", ""), token, ("private-token", ""), advice))
        is_request = bool(environ.get("CI_MERGE_REQUEST_IID"))
        project = "CI_MERGE_REQUEST_PROJECT_ID" if is_request else "CI_PROJECT_ID"
        self._project = f"projects/{_variable(environ, project, _NUMBER)}"

    def find_request(self) -> str | None:
        """Return the number of the merge request of the pipeline, else of the one with the commit."""
        if self._environ.get("CI_MERGE_REQUEST_IID"):
            return _variable(self._environ, "CI_MERGE_REQUEST_IID", _NUMBER)
        commit = _variable(self._environ, "CI_COMMIT_SHA", _COMMIT)
        request = self._api.first(f"{self._project}/repository/commits/{commit}/merge_requests")
        return _number(request.get("iid"))

    def write(self, request: str, mark: str, body: str) -> bool:
        """Write the comment, or update the own one; return whether it did."""
        path = f"{self._project}/merge_requests/{request}/notes"
        user = self._api.send("GET", "user").content
        own_id = user.get("id") if isinstance(user, dict) else None
        own = _find(self._api.pages(path, 50), mark, lambda note: _author(note, "author", "id") == own_id)
        if own is None:
            self._api.send("POST", path, json={"body": body})
        else:
            self._api.send("PUT", f"{path}/{own}", json={"body": body})
        return own is not None


def _find(comments: Iterator[Comment], mark: str, is_own: Callable[[Comment], bool]) -> str | None:
    """Return the id of the first own comment that begins with the mark."""
    own = (comment for comment in comments if str(comment.get("body")).startswith(mark) and is_own(comment))
    return _number(next(own, {}).get("id"))


def _author(comment: Comment, key: str, name: str) -> Any:
    author = comment.get(key)
    return author.get(name) if isinstance(author, dict) else None


def _number(value: Any) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _number_in(event: str) -> str | None:
    """Return the number of the pull request that an event of GitHub is about."""
    try:
        content = parse_json(read_file(Path(event), MAX_FORGE_RESPONSE_BYTES)) if event else {}
    except (OSError, ValueError):
        return None
    request = content.get("pull_request") if isinstance(content, dict) else None
    return _number(request.get("number")) if isinstance(request, dict) else None


def _variable(environ: Environ, name: str, expected: re.Pattern[str]) -> str:
    value = environ.get(name, "")
    if expected.fullmatch(value) is None:
        message = f"{name} is {'not set' if not value else 'invalid'}"
        raise ConfigurationError(message)
    return value
