"""Base URLs that cannot work are refused, and none of the messages shows a password."""

from __future__ import annotations

from typing import Final

import pytest

from tornado_resource.bland.address import check_url, find_endpoint
from tornado_resource.errors import ConfigurationError

PASSWORD: Final = "hunter22"
HOST: Final = "api.bland.ai"

REFUSED: Final = {
    "it has spaces, line breaks or control characters": [
        *(
            f"https://{HOST}{character}"
            for character in " \t\n\r\x00\x0b\x1b\x7f\x85\xa0\u2028\u200b\u202e\ufeff\ud800"
        ),
        *(f"{character}https://{HOST}" for character in " \t\n\x00\ufeff"),
        *(f"https://api{character}.bland.ai" for character in " \t\n\x00\x1b"),
        f"https://user:{PASSWORD} @{HOST}",
        f"https://{HOST}/\x1b]0;{PASSWORD}\x07",
        " ",
        "\n",
    ],
    "it has non-ASCII characters (write such a host in its ASCII form, `xn--…`)": [
        "https://bländ.ai",
        "https://例え.jp",
        "https://аpi.bland.ai",  # noqa: RUF001 - a Cyrillic letter
        "https://api。bland。ai",
        "https://api.bland.ai。",
        "https://ａpi.bland.ai",  # noqa: RUF001 - a wide letter
        "https://api.bland.ai：443",  # noqa: RUF001 - a wide colon
        f"https://user:{PASSWORD}＠{HOST}",  # noqa: RUF001 - a wide at sign
        f"https://üser:{PASSWORD}@{HOST}",
        "https://☃.net",
        "https://faß.de",
        "https://api.bland.ai/é",
        "ⓗttps://api.bland.ai",
        "https://١٢٧.0.0.1",
    ],
    "it is not a URL": [
        f"https://{HOST}:99999",
        f"https://{HOST}:65536",
        f"https://{HOST}:-1",
        f"https://{HOST}:https",
        f"https://{HOST}:44_3",
        f"https://{HOST}:0x1bb",
        f"https://{HOST}:443:443",
        f"https://user:{PASSWORD}",
        f"https://user:{PASSWORD}/x",
        f"https://user:{PASSWORD[:4]}/{PASSWORD}@{HOST}",
        f"https://user:{PASSWORD}%40{HOST}",
        f"https://user:{PASSWORD};{HOST}",
        "https://::1",
        "https://[::1",
        "https://::1]",
        "https://[",
        "https://]",
        "https://[]",
        "https://[1.2.3.4]",
        "https://[api.bland.ai]",
        "https://[::g]",
        "https://[:::]",
        "https://[::1]443",
        "https://[::1]x",
        "https://[1:2:3:4:5:6:7:8:9]",
        "https://[::1]:99999",
        "https://fe80::1:8080",
        f"https://[::1]:{PASSWORD}",
    ],
    "it has a query or fragment": [
        f"https://{HOST}?x=1",
        f"https://{HOST}#x",
        f"https://{HOST}/?",
        f"https://{HOST}/#",
        f"https://{HOST}?key={PASSWORD}",
        f"https://{HOST}#{PASSWORD}",
        f"https://{HOST}/?next=https://user:{PASSWORD}@{HOST}",
        f"https://user?:{PASSWORD}@{HOST}",
        f"https://user#:{PASSWORD}@{HOST}",
        "?",
        "#",
    ],
    "it is not an http or https URL with a host": [
        HOST,
        f"//{HOST}",
        f"{HOST}:443",
        f"user:{PASSWORD}@{HOST}",
        f"https:{HOST}",
        f"https:/{HOST}",
        f"https:///{HOST}",
        f"https:user:{PASSWORD}@{HOST}",
        f"https:\\\\{HOST}",
        f"https//{HOST}",
        f"://{HOST}",
        f"ftp://{HOST}",
        f"ws://{HOST}",
        f"file://{HOST}",
        f"ftp://user:{PASSWORD}@{HOST}",
        f"unix://user:{PASSWORD}@{HOST}",
        f"javascript:alert('{PASSWORD}')",
        f"data:text/plain,{PASSWORD}",
        f"httpss://{HOST}",
        f"htps://{HOST}",
        f"https+unix://{HOST}",
        "https://",
        "https:///",
        "https://:443",
        "https://@",
        f"https://user:{PASSWORD}@",
        f"https://user:{PASSWORD}@:443",
        "http://",
        "http:",
        "https",
        "/",
        ".",
        "localhost:8080",
        "127.0.0.1",
    ],
    "it has a user name or password": [
        f"https://user:{PASSWORD}@{HOST}",
        f"https://user:{PASSWORD}@{HOST}:443",
        f"https://user:{PASSWORD}@{HOST}/v1",
        f"https://user:{PASSWORD}@[::1]",
        f"https://user:{PASSWORD}@127.0.0.1",
        f"http://user:{PASSWORD}@localhost",
        f"http://user:{PASSWORD}@{HOST}",
        f"https://{PASSWORD}@{HOST}",
        f"https://:{PASSWORD}@{HOST}",
        f"https://user:@{HOST}",
        f"https://@{HOST}",
        f"https://:@{HOST}",
        f"https://a@b:{PASSWORD}@{HOST}",
        f"https://user:{PASSWORD}@@{HOST}",
        f"https://user%3A{PASSWORD}@{HOST}",
        f"https://user:{PASSWORD}\\@{HOST}",
        f"https://{HOST}:443@{HOST}",
        f"https://{HOST}\\@evil.example",
    ],
    "plain http would send the API key unencrypted and is only allowed to localhost or 127.0.0.1": [
        f"http://{HOST}",
        f"http://{HOST}:8080",
        f"HTTP://{HOST}",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.",
        "http://localhost.",
        "http://127.0.0.2",
        "http://127.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://10.0.0.1",
    ],
    "it has a path, but only a scheme, a host and a port are allowed": [
        f"https://{HOST}/v1",
        f"https://{HOST}/v1/",
        f"https://{HOST}//bland",
        f"https://{HOST}/..",
        f"https://{HOST}/%2e%2e",
        f"https://{HOST}/;x",
        f"https://{HOST}/{PASSWORD}@x",
        f"https://{HOST}/user:{PASSWORD}@{HOST}",
        f"https://https://{HOST}",
        f"https://https://user:{PASSWORD}@{HOST}",
        "http://127.0.0.1:8080/v1/agent-testing/tornado",
        f"https://{HOST}/\\",
    ],
    "its port is not a number from 1 to 65535": [
        f"https://{HOST}:",
        f"https://{HOST}:/",
        f"https://{HOST}:0",
        f"https://{HOST}:00000",
        "http://localhost:",
        "http://127.0.0.1:0",
        "https://[::1]:",
    ],
    "its host is not a host name": [
        f"https://{HOST}.",
        "https://localhost.",
        "https://.",
        "https://..",
        f"https://.{HOST}",
        "https://api..bland.ai",
        "https://-api.bland.ai",
        "https://api-.bland.ai",
        "https://api.bland.-ai",
        f"https://{'a' * 64}.bland.ai",
        f"https://{'a.' * 127}ai",
        "https://%61pi.bland.ai",
        "https://api%2ebland.ai",
        "https://api.bland.ai%00",
        "https://api.bland.ai%20",
        "https://api,bland.ai",
        "https://api;bland.ai",
        "https://*.bland.ai",
        "https://<host>",
        "https://{host}",
        "https://$HOST",
        "https://${BLAND_HOST}",
        "https://%BLAND_HOST%",
        "https://api!bland.ai",
        "https://api'bland.ai",
        'https://"api.bland.ai"',
        "https://api.bland.ai\\",
        "https://api|bland.ai",
        "https://api^bland.ai",
        "https://api`bland.ai",
        "https://api=bland.ai",
        "https://api+bland.ai",
        "https://api(bland).ai",
        "https://api~bland.ai",
        f"https://$({PASSWORD})",
    ],
    "its host is not an IP address": [
        "https://0",
        "https://1",
        "https://2130706433",
        "https://127.1",
        "https://1.2.3",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://1.2.3.04",
        "https://0177.0.0.1",
        "https://0x7f000001",
        "https://0x7f.0.0.1",
        "https://bland.0x",
        "https://api.bland.123",
    ],
    "its host is not the IP address of a server": [
        "https://0.0.0.0",
        "https://[::]",
        "https://224.0.0.1",
        "https://[ff02::1]",
        "https://255.255.255.255",
        "https://240.0.0.1",
        "https://[fe80::1%25eth0]",
        "https://[fe80::1%eth0]",
    ],
}


@pytest.mark.parametrize(("fault", "urls"), REFUSED.items(), ids=REFUSED.keys())
def test_a_url_that_cannot_work_is_refused(fault: str, urls: list[str]) -> None:
    for url in urls:
        with pytest.raises(ConfigurationError) as caught:
            check_url(url, "bland:baseUrl")
        text = str(caught.value)
        assert text.startswith("invalid bland:baseUrl"), url
        assert text.endswith(f": {fault}; expected a URL such as https://api.bland.ai"), url
        assert text.isprintable()
        assert PASSWORD not in text


def test_there_are_enough_malformed_urls() -> None:
    urls = [url for group in REFUSED.values() for url in group]
    assert len(urls) == len(set(urls)) >= 200
    assert len([url for url in urls if PASSWORD in url]) >= 40


@pytest.mark.parametrize("url", [f"http://{HOST}", f"https://{HOST}/v1", f"https://{HOST}:0", "ftp://bland.ai"])
def test_a_url_without_secrets_is_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^invalid bland:baseUrl {url}: "):
        check_url(url, "bland:baseUrl")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://api.bland.ai/", "https://api.bland.ai"),
        ("https://api.bland.ai//", "https://api.bland.ai"),
        *[
            (url, url)
            for url in (
                "https://api.bland.ai",
                "HTTPS://API.BLAND.AI:443",
                "https://xn--bcher-kva.example",
                "https://bland_proxy",
                "https://a",
                "https://1a.example:65535",
                "https://api.bland.0a",
                f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}",
                "https://10.0.0.1",
                "https://[2001:db8::1]:8443",
                "http://localhost",
                "http://LOCALHOST:1",
                "http://127.0.0.1:8080",
                "http://[::1]:99",
                "https://[::1]",
                "https://127.0.0.1",
            )
        ],
    ],
)
def test_a_url_that_can_work_is_taken(url: str, taken: str) -> None:
    assert check_url(url, "bland:baseUrl") == taken


def test_the_message_names_where_the_url_is_from() -> None:
    key = {"BLAND_API_KEY": "sk-canary-0123456789"}
    with pytest.raises(ConfigurationError, match=r"^invalid BLAND_BASE_URL: it has spaces"):
        find_endpoint({}, {**key, "BLAND_BASE_URL": "https://api.bland.ai\n"})
    with pytest.raises(ConfigurationError, match=r"^invalid bland:baseUrl: it is not an http or https URL"):
        find_endpoint({"bland:baseUrl": "x"}, {**key, "BLAND_BASE_URL": "https://api.bland.ai"})
