"""Where requests are sent, and with which API key. Checked before any request."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado_resource.bland.api_key import check_key
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from tornado_resource.bland.api_key import ApiKey

DEFAULT_URL: Final = "https://api.bland.ai"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_HOST: Final = 253
"""The longest host name (RFC 1035, 2.3.4, without the length bytes)."""
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# The text of any other URL may have a password in it, whatever it is taken for: `user:secret`, `user:se/cret@host`.
_SHOWABLE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._-]{0,40}){0,5}"
)


def check_url(value: str, source: str) -> str:
    """Return a base URL without the slash at its end.

    Args:
        value: the text.
        source: the config key or environment variable that it is from.

    Raises:
        ConfigurationError: requests to it cannot work. The message never shows what could be a password.

    """
    fault = _syntax_fault(value) or _parts_fault(urlsplit(value)) or host_fault(urlsplit(value))
    if fault is not None:
        quoted = f" {value}" if is_showable(value) else ""
        message = f"invalid {source}{quoted}: {fault}; expected a URL such as {DEFAULT_URL}"
        raise ConfigurationError(message)
    return value.rstrip("/")


def is_showable(value: str) -> bool:
    """Return whether no part of a URL could be a password, so that messages may show it."""
    return _SHOWABLE.fullmatch(value) is not None


def _syntax_fault(value: str) -> str | None:
    if not value.isascii() and value.isprintable():
        return "it has non-ASCII characters (write such a host in its ASCII form, `xn--…`)"
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        return "it has spaces, line breaks or control characters"
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - checks the number
    except ValueError:
        return "it is not a URL"
    if re.search(r"\][^:]", parts.netloc):
        return "it is not a URL"  # Python ignores what is between an address in brackets and its port
    if "?" in value or "#" in value:
        return "it has a query or fragment"
    return None


def _parts_fault(parts: SplitResult) -> str | None:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it is not an http or https URL with a host"
    if parts.username is not None or parts.password is not None:
        return "it has a user name or password"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "plain http would send the API key unencrypted and is only allowed to localhost or 127.0.0.1"
    if parts.path.strip("/"):
        # A path that is part of the API's URLs, such as /v1, would double it: every session would seem to be gone.
        return "it has a path, but only a scheme, a host and a port are allowed"
    if parts.netloc.endswith(":") or parts.port == 0:
        return "its port is not a number from 1 to 65535"
    return None


def host_fault(parts: SplitResult) -> str | None:
    """Return what is wrong with the host, which must be a name or an address that a certificate can be for."""
    host = parts.hostname or ""
    if parts.netloc.startswith("[") or re.fullmatch(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", host):
        return _address_fault(host)
    is_name = len(host) <= MAX_HOST and all(map(_LABEL.fullmatch, host.split(".")))
    return None if is_name else "its host is not a host name"


def _address_fault(host: str) -> str | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "its host is not an IP address"
    is_server = not (address.is_unspecified or address.is_multicast or address.is_reserved) or address.is_loopback
    return None if is_server and "%" not in host else "its host is not the IP address of a server"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A valid base URL (no slash at its end) and API key. *warning* is for the user, if there is one."""

    base_url: str
    key: ApiKey
    warning: str | None = field(default=None, compare=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine."""
        return urlsplit(self.base_url).hostname in LOOPBACK


def find_endpoint(
    config: Mapping[str, str | None] | None,
    environment: Mapping[str, str],
    *,
    is_secret: bool = True,
    stack: str | None = None,
) -> Endpoint:
    """Return the API key and base URL of the Pulumi config, else of the environment variables.

    Args:
        config: `bland:apiKey` and `bland:baseUrl`; None where no stack is read.
        environment: `BLAND_API_KEY` and `BLAND_BASE_URL`.
        is_secret: whether Pulumi stores the config's key encrypted.
        stack: the stack's name, for the command in messages.

    Raises:
        ConfigurationError: the key is missing, in plain text, or one of them is invalid. The message never contains
            the key.

    """
    stored = config or {}
    api_key_config = stored.get("bland:apiKey")
    command = _set_command(stack)
    if api_key_config and not is_secret:
        message = (
            f"bland:apiKey is stored in plain text: set it again with {command}, which encrypts it. If others could "
            "read it there, as in a repository, replace it by a new key first"
        )
        raise ConfigurationError(message)
    base_url = _base_url(stored.get("bland:baseUrl"), environment)
    text = api_key_config or environment.get("BLAND_API_KEY") or ""
    key = text.rstrip("\r\n")  # `pulumi config set < file` keeps the line break at the end of the file
    warning = "ignored a trailing line break in the API key" if key != text else None
    return Endpoint(base_url, check_key(key, None if config is None else command), warning)


def _base_url(configured: str | None, environment: Mapping[str, str]) -> str:
    url = configured or environment.get("BLAND_BASE_URL") or DEFAULT_URL
    return check_url(url, "bland:baseUrl" if configured else "BLAND_BASE_URL")


def _set_command(stack: str | None) -> str:
    return f"`pulumi config set --secret bland:apiKey{f' --stack {stack}' if stack else ''}`"
