"""The base URL of the API and the API key, checked before any request is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado_resource.core.text import clean, count
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

DEFAULT_URL: Final = "https://api.bland.ai"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_SET_KEY = "set it with `pulumi config set --secret bland:apiKey`, or as the environment variable BLAND_API_KEY"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The API key. `repr`, `str` and tracebacks do not show it, and it cannot be pickled.

    Pulumi pickles provider objects into its state: a key inside one would be stored there.
    """

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the key itself. Only the request header needs it."""
        return self._value

    def redact(self, text: str) -> str:
        """Replace the key in text that the API sent."""
        return text.replace(self._value, "[secret]")

    def __str__(self) -> str:
        return "[secret]"

    def __reduce__(self) -> str:
        message = "an API key stays in memory"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A valid base URL (no slash at its end) and API key."""

    base_url: str
    key: ApiKey

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def find_endpoint(config: Mapping[str, str | None], environment: Mapping[str, str]) -> Endpoint:
    """Return the API key and base URL of the Pulumi config, else of the environment variables.

    Raises:
        ConfigurationError: the key is missing, or one of them is invalid. The message never contains the key.

    """
    key = config.get("bland:apiKey") or environment.get("BLAND_API_KEY")
    url = config.get("bland:baseUrl") or environment.get("BLAND_BASE_URL") or DEFAULT_URL
    return Endpoint(_check_url(url), _check_key(key))


def _check_key(value: str | None) -> ApiKey:
    if not value:
        message = f"no API key: {_SET_KEY}"
        raise ConfigurationError(message)
    key = value.rstrip("\r\n")  # `pulumi config set < file` keeps the line break at the end of the file
    if _KEY.fullmatch(key) is None:
        message = f"invalid API key: {_key_fault(key)}; {_SET_KEY}"
        raise ConfigurationError(message)
    return ApiKey(key)


def _key_fault(key: str) -> str:
    is_printable = key.isascii() and key.isprintable()
    found = count(len(key), "character")
    return (
        f"{found} (expected 8 to 512, no spaces)"
        if is_printable
        else f"{found}, some of them control or non-ASCII characters (expected 8 to 512 printable ASCII characters)"
    )


def _check_url(value: str) -> str:
    fault = _syntax_fault(value) or _parts_fault(urlsplit(value))
    if fault is not None:
        shown = clean(re.sub(r"//[^/@]*@", "//[secret]@", value), 200)
        message = f"invalid bland:baseUrl {shown}: {fault}; expected a URL such as {DEFAULT_URL}"
        raise ConfigurationError(message)
    return value.rstrip("/")


def _syntax_fault(value: str) -> str | None:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        return "it has spaces, control or non-ASCII characters"
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - checks the number
    except ValueError:
        return "it is not a URL"
    if "?" in value or "#" in value:
        return "it has a query or fragment"
    return None


def _parts_fault(parts: SplitResult) -> str | None:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it is not an http or https URL with a host"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "plain http would send the API key unencrypted and is only allowed to localhost or 127.0.0.1"
    if parts.username is not None or parts.password is not None:
        return "it has a user name or password"
    if parts.path.strip("/"):
        # A path that is part of the API's URLs, such as /v1, would double it: every session would seem to be gone.
        return "it has a path, but only a scheme, a host and a port are allowed"
    return None
