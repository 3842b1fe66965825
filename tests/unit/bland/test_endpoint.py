from __future__ import annotations

import copy
import pickle

import pytest

from tornado_resource.bland.endpoint import ApiKey, find_endpoint
from tornado_resource.errors import ConfigurationError

KEY = "sk-canary-0123456789"


def test_config_wins_over_the_environment() -> None:
    environment = {"BLAND_API_KEY": "from-environment", "BLAND_BASE_URL": "https://e.example"}
    access = find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": "https://c.example/"}, environment)
    assert (access.key.reveal(), access.base_url) == (KEY, "https://c.example")


def test_the_environment_will_do_and_the_url_has_a_default() -> None:
    access = find_endpoint({"bland:apiKey": None}, {"BLAND_API_KEY": KEY})
    assert (access.key.reveal(), access.base_url) == (KEY, "https://api.bland.ai")


def test_a_line_break_at_the_end_of_a_key_from_a_file_is_left_out() -> None:
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
def test_an_unfit_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_endpoint({"bland:apiKey": key}, {})
    assert key.strip() not in str(caught.value)
    assert "pulumi config set --secret bland:apiKey" in str(caught.value)


def test_a_missing_key_says_how_to_give_one() -> None:
    with pytest.raises(ConfigurationError, match="there is no API key: set it with"):
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
        ("https://api.bland.ai:99999", "not a URL"),
        ("https://api.bland.ai/ x", "blanks"),
        ("https://bländ.ai", "non-ASCII"),
    ],
)
def test_an_unfit_url_is_refused(url: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault) as caught:
        find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": url}, {})
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:99"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    assert find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": f"http://{host}"}, {}).is_loopback


@pytest.mark.parametrize("show", [repr, str, lambda key: f"{key}", lambda key: repr({"k": [key]})])
def test_nothing_shows_a_key(show: object) -> None:
    assert KEY not in show(ApiKey(KEY))  # type: ignore[operator] # a callable


@pytest.mark.parametrize("leak", [pickle.dumps, copy.deepcopy])
def test_a_key_cannot_be_pickled(leak: object) -> None:
    with pytest.raises(TypeError, match="stays in memory"):
        leak(ApiKey(KEY))  # type: ignore[operator] # a callable
