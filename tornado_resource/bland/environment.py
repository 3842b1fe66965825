"""Environment variables that say how requests are sent: proxies and certificates. Messages never show their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado_resource.bland.base_url import host_fault
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

CERTIFICATES: Final = "SSL_CERT_FILE"
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
CERTIFICATE_ADVICE: Final = (
    "; if a proxy or a private certificate authority signs the certificates here, set the environment variable "
    "SSL_CERT_FILE to the file with its certificate (PEM)"
)
_PROXY_EXPECTED = (
    "expected the URL of a proxy such as http://proxy.example:3128, with special characters of a password as in %40"
)


def check_environment(environ: Mapping[str, str]) -> None:
    """Refuse values with which no request can work, before they are used.

    Raises:
        ConfigurationError: the message names the variable.

    """
    for name in PROXIES:
        value = environ.get(name.lower()) or environ.get(name)
        if value and not _is_proxy(value):
            raise _invalid(name, _PROXY_EXPECTED)
    certificates = environ.get(CERTIFICATES)
    if certificates and not Path(certificates).is_file():  # reading a pipe would not end
        raise _invalid(CERTIFICATES, "expected a file with certificates (PEM)")


def proxy_variable(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the variable that names the proxy for a URL; None if none applies."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed does not have it

    parts = urlsplit(url)
    no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if proxy_bypass_environment(parts.hostname or "", {"no": no_proxy}):
        return None
    names = (f"{parts.scheme.upper()}_PROXY", "ALL_PROXY")
    return next((name for name in names if environ.get(name.lower()) or environ.get(name)), None)


def explain_failure(error: Exception, environ: Mapping[str, str]) -> ConfigurationError:
    """Return the error for what only fails once the variables are used: the *error* that httpx or OpenSSL raised."""
    if isinstance(error, ImportError):
        return ConfigurationError(
            f"a SOCKS proxy needs another package: pip install 'httpx[socks]' ({', '.join(PROXIES)})"
        )
    if not isinstance(error, OSError):
        return _invalid("NO_PROXY", "expected host names and IP addresses, separated by commas, without brackets or /")
    log_file = environ.get("SSLKEYLOGFILE")
    if log_file and error.filename == log_file:
        return _invalid("SSLKEYLOGFILE", "expected a file that can be written")
    return _invalid(CERTIFICATES, "expected a file with certificates (PEM) that can be read")


def _invalid(name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"invalid environment variable {name}: {expected}; correct it, or unset it")


def _is_proxy(value: str) -> bool:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        is_reachable = parts.port != 0
    except ValueError:
        return False
    is_clean = re.fullmatch(r"[\x21-\x7e]+", url) is not None and not re.search(r"[?#]", url)
    is_known = parts.scheme in {"http", "https", "socks5", "socks5h"} and bool(parts.hostname)
    return is_clean and is_known and is_reachable and parts.path in {"", "/"} and host_fault(parts) is None
