"""The proxy and the certificates that requests to one URL take from the environment."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado_resource.bland.address import host_fault
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

_VARIABLES: Final = {
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    # As in curl: a web server that runs CGI programs sets HTTP_PROXY to what a client has sent.
    "http": ("http_proxy", "all_proxy", "ALL_PROXY"),
}
_PORTS: Final = {"https": 443, "http": 80}
_WITH_PORT: Final = re.compile(r"(\[.*\]|[^:]*):([0-9]{1,9})")
_NO_BRACKETS: Final = str.maketrans("", "", "[]")
_PROXY_EXPECTED: Final = (
    "expected the URL of a proxy such as http://proxy.example:3128, with special characters of a password as in %40"
)


@dataclass(frozen=True, slots=True)
class ProxyVariable:
    """A proxy: the variable that names it, in capitals, and its URL, which may have a password."""

    name: str
    url: str = field(repr=False)


def find_proxy(url: str, environ: Mapping[str, str]) -> ProxyVariable | None:
    """Return the proxy for a URL, chosen as curl does; None if it is reached directly.

    Raises:
        ConfigurationError: the proxy's URL cannot work. The message names the variable, and does not show the URL.

    """
    parts = urlsplit(url)
    name = next((name for name in _VARIABLES[parts.scheme] if environ.get(name)), None)
    if name is None or _is_direct(parts, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    value = environ[name]
    proxy = value if "://" in value else f"http://{value}"
    if not _is_proxy(proxy):
        raise invalid_proxy(name.upper())
    return ProxyVariable(name.upper(), proxy)


def _is_direct(parts: SplitResult, no_proxy: str) -> bool:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    return any(_matches(entry, host, port) for entry in re.split(r"[\s,]+", no_proxy))


def invalid_proxy(name: str) -> ConfigurationError:
    """Return the error for a proxy variable whose URL cannot work."""
    return _invalid(name, _PROXY_EXPECTED)


def _matches(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY is for a host: `*`, a name and all below it, an address or a network.

    Any of them may have a port, and IPv6 may be in brackets. What is none of them is for no host.
    """
    written = _WITH_PORT.fullmatch(entry)
    name, wanted = written.groups() if written is not None else (entry, port)
    if int(wanted) != port:
        return False
    if name == "*":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        domain = name.removeprefix("*").removeprefix(".").removesuffix(".").lower()
        return bool(domain) and f".{host.removesuffix('.')}".endswith(f".{domain}")
    try:
        return address in ipaddress.ip_network(name.translate(_NO_BRACKETS), strict=False)
    except ValueError:
        return False


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_reachable = parts.port != 0
    except ValueError:
        return False
    is_clean = re.fullmatch(r"[\x21-\x7e]+", url) is not None and not re.search(r"[?#]", url)
    is_known = parts.scheme in {"http", "https", "socks5", "socks5h"} and bool(parts.hostname)
    return is_clean and is_known and is_reachable and parts.path in {"", "/"} and host_fault(parts) is None


_CERTIFICATES: Final = "SSL_CERT_FILE"
_KEY_LOG: Final = "SSLKEYLOGFILE"
_STRICT_CODES: Final = range(80, 95)
"""The errors of OpenSSL (`x509_vfy.h`) that only `VERIFY_X509_STRICT` leads to. Python sets it from 3.13 on."""
_STRICT_ADVICE: Final = (
    "; the certificate authority's certificate breaks a rule of RFC 5280, which Python checks from version 3.13 on: "
    "issue it again with all extensions that the RFC requires (basicConstraints critical), or use Python 3.11 or 3.12"
)
_CERTIFICATE_ADVICE: Final = (
    "; if a proxy or a private certificate authority signs the certificates here, set the environment variable "
    "SSL_CERT_FILE to the file with its certificate (PEM)"
)


def check_certificates(environ: Mapping[str, str]) -> None:
    """Refuse a file of certificates that is none, before it is read: reading a pipe would not end.

    Raises:
        ConfigurationError: the message names the variable.

    """
    file = environ.get(_CERTIFICATES)
    if file and not Path(file).is_file():
        raise _invalid(_CERTIFICATES, "expected a file with certificates (PEM)")


def unusable_certificates(error: OSError, environ: Mapping[str, str]) -> ConfigurationError:
    """Return the error for a file that OpenSSL could not use."""
    log_file = environ.get(_KEY_LOG)
    if log_file and error.filename == log_file:
        return _invalid(_KEY_LOG, "expected a file that can be written")
    return _invalid(_CERTIFICATES, "expected a file with certificates (PEM) that can be read")


def certificate_advice(error: BaseException | None) -> str:
    """Return what to do about a failed connection if TLS is the reason, else nothing."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if error is None:
        return ""
    return _STRICT_ADVICE if getattr(error, "verify_code", None) in _STRICT_CODES else _CERTIFICATE_ADVICE


def _invalid(name: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"invalid environment variable {name}: {expected}; correct it, or unset it")
