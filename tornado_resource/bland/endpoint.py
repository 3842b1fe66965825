"""Where the API is and the key to it, checked before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_URL: Final = "https://api.bland.ai"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_HOW = "set it with `pulumi config set --secret bland:apiKey`, or as BLAND_API_KEY in the environment"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The API key. It is shown by nothing: not by `repr`, `str`, a traceback or pickling."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Give the key itself, for the request header and for nothing else."""
        return self._value

    def redact(self, text: str) -> str:
        """Take the key out of text that came from outside."""
        return text.replace(self._value, "[secret]")

    def __str__(self) -> str:
        return "[secret]"

    def __reduce__(self) -> str:
        message = "an API key stays in memory"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked base URL (no slash at its end) and key."""

    base_url: str
    key: ApiKey

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def find_endpoint(config: Mapping[str, str | None], environment: Mapping[str, str]) -> Endpoint:
    """Take key and URL from Pulumi config, else from the environment, and check both.

    Raises:
        ConfigurationError: one of them is missing or unfit; the text never holds the key.

    """
    key = config.get("bland:apiKey") or environment.get("BLAND_API_KEY")
    url = config.get("bland:baseUrl") or environment.get("BLAND_BASE_URL") or DEFAULT_URL
    return Endpoint(_check_url(url), _check_key(key))


def _check_key(value: str | None) -> ApiKey:
    if not value:
        message = f"there is no API key: {_HOW}"
        raise ConfigurationError(message)
    key = value.rstrip("\r\n")
    if _KEY.fullmatch(key) is None:
        message = (
            f"the API key is not one: found {len(value)} characters with blanks, control or non-ASCII ones among them, "
            f"or fewer than 8 or more than 512; expected the bare key; {_HOW}"
        )
        raise ConfigurationError(message)
    return ApiKey(key)


def _check_url(value: str) -> str:
    shown = clean(re.sub(r"//[^/@]*@", "//[secret]@", value), 200)
    fault = _url_fault(value)
    if fault is not None:
        message = f"bland:baseUrl is {shown}: {fault}; expected a URL such as {DEFAULT_URL}"
        raise ConfigurationError(message)
    return value.rstrip("/")


def _url_fault(value: str) -> str | None:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        return "it has blanks, control or non-ASCII characters"
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is not an http or https URL with a host"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "plain http would show the API key to the network, and is for this machine only (127.0.0.1, localhost)"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or password"
    if parts.query or parts.fragment:
        return "it holds a query or fragment"
    return None
