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
from tornado_resource.bland.address import ApiKey, Endpoint, proxy_variable
from tornado_resource.bland.client import Client
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


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy"])
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


@pytest.mark.parametrize("value", ["fd00::/8", "[::1]", "bücher.de"])
def test_an_unusable_no_proxy_is_a_configuration_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", value)
    with pytest.raises(ConfigurationError, match=r"^invalid environment variable NO_PROXY: expected host names and IP"):
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


def test_a_host_that_is_no_internationalized_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its host is not a valid `xn--…` name; check bland:baseUrl"):
        Client(Endpoint("https://xn--a", ApiKey(KEY)))


async def test_a_failed_certificate_check_names_the_cure() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        message = "certificate verify failed: self-signed certificate in certificate chain"
        try:
            raise ssl.SSLCertVerificationError(message)
        except ssl.SSLError as error:
            raise httpx.ConnectError(message, request=request) from error

    with pytest.raises(
        NotSent, match=r"self-signed certificate.*; if a proxy or a private certificate authority signs"
    ):
        await client_of(refuse).status("s-1")


async def test_a_refused_connection_does_not_speak_of_certificates() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        message = "refused"
        raise httpx.ConnectError(message, request=request)

    with pytest.raises(NotSent, match=r"\(refused\)$"):
        await client_of(refuse).status("s-1")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p"}, "HTTPS_PROXY"),
        ({"https_proxy": "http://p", "ALL_PROXY": "http://q"}, "HTTPS_PROXY"),
        ({"ALL_PROXY": "http://q"}, "ALL_PROXY"),
        ({"HTTP_PROXY": "http://p"}, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "other, .example"}, None),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "other"}, "HTTPS_PROXY"),
    ],
)
def test_the_variable_of_the_proxy_is_known(environ: dict[str, str], name: str | None) -> None:
    assert proxy_variable("https://api.example", environ) == name


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
                await client.status("s-1")
    assert caught.value.cause == cause
