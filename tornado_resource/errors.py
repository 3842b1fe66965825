"""The errors that users are meant to read.

::

    TornadoError                 root of all errors below; its text is fit to be shown to a user
    ├── DeclarationError         invalid declarations: carries every problem with its position
    ├── ConfigurationError       a wrong or missing config value, environment variable or argument
    │   └── BackendUnreachable   Pulumi's backend did not respond: it can work later
    └── ApiError                 a request to the API failed
        ├── NotSent              the request cannot have reached the API
        │   └── InvalidRequest   it has text that cannot be sent: a retry cannot help
        ├── OutcomeUnknown       the request may have taken effect; there is no usable response
        │   ├── ReportedError    a 2xx response that reports an error in words: a start is not sent again
        │   └── ForeignResponse  a 2xx response about another session, run, pathway or agent than the one asked for
        └── Rejected             the API responded with an error status
            ├── NotFound         404 or 410
            └── Conflict         409
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tornado_resource.core.positions import more_problems
from tornado_resource.core.text import clean_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.core.positions import Problem

MAX_SHORT_PAUSE_SECONDS: Final = 60.0


class TornadoError(Exception):
    """Root of all errors of this package. `str()` of it is fit to be shown to a user."""

    def __init__(self, message: str = "") -> None:
        super().__init__(clean_lines(message, len(message)))


class DeclarationError(TornadoError):
    """One or more problems in a declarations file, and the number of *more* that are not shown."""

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        self.problems = tuple(problems)
        self.more = more
        rest = [more_problems(more)] if more else []
        super().__init__("\n".join([*map(str, problems), *rest]))


class ConfigurationError(TornadoError):
    """A config value, environment variable or argument is wrong or missing."""


class BackendUnreachable(ConfigurationError):
    """Pulumi could not reach the backend that has the stack."""


class ApiError(TornadoError):
    """A request failed. *request* describes it in words, such as `start on pathway p-1`.

    *retry_after* has the seconds that the API asked to wait before the next request; None if it did not ask.
    """

    retry_after: float | None = None

    def __init__(self, request: str, cause: str) -> None:
        self.request = request
        self.cause = cause
        super().__init__(f"{request}: {cause}")

    @property
    def short_pause(self) -> float | None:
        """Seconds to pause before a retry that holds up something else: `Retry-After`, but at most a minute.

        A wait for a session respects longer ones.
        """
        return min(self.retry_after, MAX_SHORT_PAUSE_SECONDS) if self.retry_after is not None else None


class NotSent(ApiError):
    """The request cannot have reached the API: name not found, connection refused, TLS failed."""


class InvalidRequest(NotSent):
    """The request cannot be sent at all, such as one for an id that no URL can have."""


class OutcomeUnknown(ApiError):
    """The request may have taken effect, but there is no usable response: reset, timeout, garbage."""


class ReportedError(OutcomeUnknown):
    """The response has a 2xx status, no result, and an error in the API's words, such as `quota exceeded`."""


class ForeignResponse(OutcomeUnknown):
    """The response has a 2xx status and is about another session, run, pathway or agent than the one asked for."""


class Rejected(ApiError):
    """The response has an error status.

    Args:
        request: describes the request in words.
        cause: what the response says.
        status_code: the status.
        retry_after: the seconds of `Retry-After`, if the response has it.
        is_api: whether the response is the API's own. If it is not JSON, a proxy or firewall on the way has sent it.

    *code* is the API's code of the error, such as `CHECKS_BLOCKED`, if the response has one.
    """

    code: str | None = None

    def __init__(
        self, request: str, cause: str, *, status_code: int, retry_after: float | None = None, is_api: bool = True
    ) -> None:
        self.status_code = status_code
        self.retry_after = retry_after
        self.is_api = is_api
        super().__init__(request, cause)


class NotFound(Rejected):
    """404 or 410 with a JSON object: the resource does not exist, or no longer, or the base URL is wrong."""


class Conflict(Rejected):
    """409: another run is in flight in the same place, or what is asked for is not possible now (`code`)."""
