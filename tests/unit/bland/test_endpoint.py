from __future__ import annotations

import copy
import pickle

import pytest

from tornado_resource.bland.endpoint import ApiKey, find_endpoint
from tornado_resource.errors import ConfigurationError

KEY = "sk-canary-0123456789"


def test_config_wins_over_the_environment() -> None:
    environment = {"BLAND_API_KEY": "from-environment", "BLAND_BASE_URL": "https://e.example"}
    endpoint = find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": "https://c.example/"}, environment)
    assert (endpoint.key.reveal(), endpoint.base_url) == (KEY, "https://c.example")


def test_environment_variables_are_the_fallback_and_the_url_has_a_default() -> None:
    endpoint = find_endpoint({"bland:apiKey": None}, {"BLAND_API_KEY": KEY})
    assert (endpoint.key.reveal(), endpoint.base_url) == (KEY, "https://api.bland.ai")


def test_a_line_break_after_the_key_is_ignored() -> None:
    assert find_endpoint({}, {"BLAND_API_KEY": f"{KEY}\r\n"}).key.reveal() == KEY


BAD_KEYS = [
    f"{KEY}\nx",
    f"{KEY}\x00",
    f" {KEY}",
    f"{KEY} ",
    f"{KEY}\t",
    "ключ-ключ-ключ",
    "short",
    "x" * 513,
    f"a {KEY}",
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_an_invalid_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_endpoint({"bland:apiKey": key}, {})
    assert key.strip() not in str(caught.value)
    assert "pulumi config set --secret bland:apiKey" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("short", "invalid API key: 5 characters (expected 8 to 512, no spaces); set it with"),
        ("x" * 513, "invalid API key: 513 characters (expected 8 to 512, no spaces); set it with"),
        (f"a {KEY}", "invalid API key: 22 characters (expected 8 to 512, no spaces); set it with"),
        (f"{KEY}\t", "invalid API key: 21 characters, some of them control or non-ASCII characters"),
        (f"é{KEY}", "invalid API key: 21 characters, some of them control or non-ASCII characters"),
    ],
)
def test_an_invalid_key_is_described(key: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_endpoint({"bland:apiKey": key}, {})
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize("key", ["x" * 8, "x" * 512, "".join(map(chr, range(0x21, 0x7F)))])
def test_the_shortest_and_the_longest_key_are_valid(key: str) -> None:
    assert find_endpoint({"bland:apiKey": key}, {}).key.reveal() == key


def test_a_missing_key_says_how_to_set_one() -> None:
    with pytest.raises(ConfigurationError, match="no API key: set it with"):
        find_endpoint({}, {"BLAND_API_KEY": ""})


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://api.bland.ai", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("ftp://api.bland.ai", "not an http or https URL"),
        ("api.bland.ai", "not an http or https URL"),
        ("https://", "not an http or https URL"),
        ("https://user:hunter22@api.bland.ai", "user name or password"),
        ("https://api.bland.ai?x=1", "query"),
        ("https://api.bland.ai#x", "fragment"),
        ("https://api.bland.ai/?", "query"),
        ("https://api.bland.ai/#", "fragment"),
        ("https://api.bland.ai/v1", "it has a path, but only a scheme, a host and a port are allowed"),
        ("https://api.bland.ai/v1/", "it has a path"),
        ("https://proxy.example//bland", "it has a path"),
        ("http://127.0.0.1:8080/v1/agent-testing/tornado", "it has a path"),
        ("https://api.bland.ai:99999", "not a URL"),
        ("https://api.bland.ai/ x", "spaces"),
        ("https://bländ.ai", "non-ASCII"),
    ],
)
def test_an_invalid_url_is_refused(url: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault) as caught:
        find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": url}, {})
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:99"])
def test_plain_http_is_allowed_to_this_machine(host: str) -> None:
    assert find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": f"http://{host}"}, {}).is_loopback


@pytest.mark.parametrize("show", [repr, str, lambda key: f"{key}", lambda key: repr({"k": [key]})])
def test_nothing_shows_a_key(show: object) -> None:
    assert KEY not in show(ApiKey(KEY))  # type: ignore[operator] # a callable


@pytest.mark.parametrize("leak", [pickle.dumps, copy.deepcopy])
def test_a_key_cannot_be_pickled(leak: object) -> None:
    with pytest.raises(TypeError, match="stays in memory"):
        leak(ApiKey(KEY))  # type: ignore[operator] # a callable
