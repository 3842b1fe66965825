"""Proxies and certificates of the environment that cannot work: configuration errors that show no value."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.api import KEY, client_of
from tornado_resource.bland.address import Endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.bland.client import Client
from tornado_resource.bland.environment import find_proxy
from tornado_resource.bland.sessions import read_status
from tornado_resource.errors import ConfigurationError, NotSent

if TYPE_CHECKING:
    from pathlib import Path

API = Endpoint("https://api.example", ApiKey(KEY))
PROXIES = [
    "http://",
    "://",
    "http://[",
    "http://proxy:99999",
    "http://proxy:0",
    "proxy:port",
    "http://user:hunter22@proxy:port",
    "http://user:hunter22/x@proxy:1",
    "http://user:hunter22@",
    "ftp://user:hunter22@proxy",
    "socks4://user:hunter22@proxy",
    "http://bücher:3128",
    "http://a b",
    "http://proxy\x1b]0;hunter22\x07",
    "http://proxy\n",
    "http://proxy/path",
    "http://proxy?hunter22",
    "http://proxy#hunter22",
    "http://..:1",
    "http://1.2.3.999:1",
    f"http://{'a' * 64}:3128",
]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"])
@pytest.mark.parametrize("value", PROXIES)
def test_a_malformed_proxy_is_a_configuration_error(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        Client(API)
    assert str(caught.value).startswith(f"invalid environment variable {name.upper()}: expected the URL of a proxy")
    assert str(caught.value).endswith("; correct it, or unset it")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["http://proxy:3128", "proxy.example:3128", "http://user:p%40ss@10.0.0.1:3128/", "https://[::1]:3128"]
)
def test_a_proxy_that_can_work_is_used(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    Client(API)


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_PROXY": "ftp://x"},
        {"HTTPS_PROXY": "http://proxy:3128", "ALL_PROXY": "://"},
        {"HTTPS_PROXY": "://", "NO_PROXY": "api.example"},
        {"NO_PROXY": "fd00::/8, [::1], bücher.de, 10.0.0.0/99, ://, [", "HTTPS_PROXY": "http://proxy:3128"},
        {"ALL_PROXY": "socks4://proxy", "NO_PROXY": "*"},
    ],
)
def test_variables_that_do_not_apply_are_not_judged(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    Client(API)


def test_a_socks_proxy_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'httpx\[socks\]'"):
        Client(API)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_a_broken_certificate_file_is_a_configuration_error(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    assert_refused(path, monkeypatch)


def test_certificates_are_a_regular_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert_refused(path, monkeypatch)


def assert_refused(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    with pytest.raises(ConfigurationError, match=r"^invalid environment variable SSL_CERT_FILE: expected a file with"):
        Client(API)


def test_a_key_log_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none/log"))
    with pytest.raises(ConfigurationError, match=r"^invalid environment variable SSLKEYLOGFILE: expected a file that"):
        Client(API)


def test_an_api_on_this_machine_ignores_proxies_and_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "ftp://x")
    monkeypatch.setenv("SSL_CERT_FILE", "/none")
    Client(Endpoint("http://127.0.0.1:1", ApiKey(KEY)))


@pytest.mark.parametrize(("url", "count"), [("http://127.0.0.1:1", 0), ("https://127.0.0.1:1", 1), ("http://a", 1)])
def test_certificates_are_loaded_but_for_this_machine_without_tls(
    url: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_given, **_named: loaded.append(url))
    Client(Endpoint(url, ApiKey(KEY)))
    assert len(loaded) == count


def test_a_host_that_is_no_internationalized_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its host is not a valid `xn--…` name; check bland:baseUrl"):
        Client(Endpoint("https://xn--a", ApiKey(KEY)))


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (19, "; if a proxy or a private certificate authority signs the certificates here, set"),
        (
            89,
            "; the certificate authority's certificate breaks a rule of RFC 5280, which Python checks",
        ),
    ],
)
async def test_a_failed_certificate_check_names_the_cure(code: int, advice: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        failure = ssl.SSLCertVerificationError("certificate verify failed")
        failure.verify_code = code
        try:
            raise failure
        except ssl.SSLError as error:
            raise httpx.ConnectError(str(error), request=request) from error

    with pytest.raises(NotSent, match=f"certificate verify failed.*{advice}"):
        await read_status(client_of(refuse), "s-1")


async def test_a_refused_connection_does_not_speak_of_certificates() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        message = "refused"
        raise httpx.ConnectError(message, request=request)

    with pytest.raises(NotSent, match=r"\(refused\)$"):
        await read_status(client_of(refuse), "s-1")


@pytest.mark.parametrize(
    ("url", "environ", "name"),
    [
        ("https://api.example", {}, None),
        ("https://api.example", {"HTTPS_PROXY": "http://p"}, "HTTPS_PROXY"),
        ("https://api.example", {"https_proxy": "http://p", "ALL_PROXY": "http://q"}, "HTTPS_PROXY"),
        ("https://api.example", {"https_proxy": "", "ALL_PROXY": "http://q"}, "ALL_PROXY"),
        ("https://api.example", {"HTTP_PROXY": "http://p", "http_proxy": "http://p"}, None),
        ("http://api.example", {"http_proxy": "http://p", "HTTPS_PROXY": "http://q"}, "HTTP_PROXY"),
        ("http://api.example", {"HTTP_PROXY": "http://p", "all_proxy": "http://q"}, "ALL_PROXY"),
    ],
)
def test_the_proxy_is_the_one_that_curl_takes(url: str, environ: dict[str, str], name: str | None) -> None:
    proxy = find_proxy(url, environ)
    assert (proxy and proxy.name) == name


def test_the_lower_case_variable_wins() -> None:
    proxy = find_proxy("https://api.example", {"https_proxy": "low:1", "HTTPS_PROXY": "up:1", "no_proxy": ""})
    assert proxy is not None
    assert proxy.url == "http://low:1"
    assert "low" not in repr(proxy)


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_direct"),
    [
        ("https://api.example", "other, .example", True),
        ("https://api.example", "example", True),
        ("https://api.example", "EXAMPLE.", True),
        ("https://api.example", "*.example", True),
        ("https://api.example", "api.example", True),
        ("https://api.example", ".api.example", True),
        ("https://api.example.", "api.example", True),
        ("https://api.example", "*", True),
        ("https://api.example", "other *", True),
        ("https://api.example", "api.example:443", True),
        ("https://api.example:8443", "api.example:8443", True),
        ("https://api.example:8443", "api.example:443", False),
        ("https://api.example:8443", "api.example", True),
        ("https://api.example:8443", "*:8443", True),
        ("https://api.example", "pi.example", False),
        ("https://api.example", "api.example.com", False),
        ("https://api.example", "other", False),
        ("https://api.example", ", .,*.", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.9/8", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3:8443", "10.1.2.3:8443", True),
        ("https://10.1.2.3", "11.0.0.0/8", False),
        ("https://10.1.2.3", "2.3, .3, fd00::/8", False),
        ("https://[fd00::5]", "fd00::/8", True),
        ("https://[fd00::5]", "fd00:0::5", True),
        ("https://[fd00::5]", "[fd00::5]", True),
        ("https://[fd00::5]:8443", "[fd00::5]:8443", True),
        ("https://[fd00::5]:8443", "[fd00::5]:443", False),
        ("https://[fd00::5]", "[fd00::]/8", True),
        ("https://[fd00::5]", "fe80::/10, 10.0.0.0/8", False),
    ],
)
def test_no_proxy_names_hosts_suffixes_and_networks(url: str, no_proxy: str, is_direct: bool) -> None:  # noqa: FBT001 # a table
    proxy = find_proxy(url, {"HTTPS_PROXY": "http://p", "NO_PROXY": no_proxy})
    assert (proxy is None) is is_direct


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (407, "the proxy of HTTPS_PROXY refused the connection to api.example (407 Go away)"),
        (None, "no connection to api.example through the proxy of HTTPS_PROXY (All connection attempts failed)"),
    ],
)
async def test_a_proxy_that_refuses_is_named(status: int | None, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} Go away\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        if status is None:
            server.close()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter22@127.0.0.1:{port}")
        async with Client(API) as client:
            with pytest.raises(NotSent) as caught:
                await read_status(client, "s-1")
    assert caught.value.cause == cause
