"""The errors that people are meant to read.

::

    TornadoError                 anything below; its text is for the person at the pipeline
    ├── DeclarationError         the declarations are wrong: carries every problem, each with its place
    ├── ConfigurationError       a wrong or missing config value, environment variable or argument
    └── ApiError                 the API could not be asked, or did not answer as it should
        ├── Unsent               the request cannot have arrived
        ├── Unanswered           the request may have arrived, and no usable answer came back
        └── Rejected             the API answered with an error status
            ├── NotFound         404 or 410
            └── Conflict         409
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tornado_resource.declarations.document import Problem


class TornadoError(Exception):
    """Root of all errors of this package; `str()` of it is fit to be shown."""


class DeclarationError(TornadoError):
    """One or more problems in a declarations file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class ConfigurationError(TornadoError):
    """A config value, environment variable or argument is wrong or missing."""


class ApiError(TornadoError):
    """A request failed. *request* says which in words, such as `start on pathway p-1`."""

    def __init__(self, request: str, cause: str) -> None:
        self.request = request
        self.cause = cause
        super().__init__(f"{request}: {cause}")


class Unsent(ApiError):
    """The request cannot have reached the API: name not found, connection refused, TLS failed."""


class Unanswered(ApiError):
    """The request may have taken effect, and there is no answer that tells: reset, time-out, garbage."""


class Rejected(ApiError):
    """The API answered with an error status."""

    def __init__(self, request: str, cause: str, *, status_code: int, retry_after: float | None = None) -> None:
        self.status_code = status_code
        self.retry_after = retry_after
        super().__init__(request, cause)


class NotFound(Rejected):
    """404 or 410: there is no such thing, or no longer."""


class Conflict(Rejected):
    """409: another session is active on the pathway."""
