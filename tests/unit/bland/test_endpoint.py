from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, astuple
from pprint import pformat
from typing import TYPE_CHECKING

import pytest
from rich.pretty import pretty_repr

from tornado_resource.bland.address import find_endpoint
from tornado_resource.bland.api_key import ApiKey
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-canary-0123456789"


def test_config_wins_over_the_environment() -> None:
    environment = {"BLAND_API_KEY": "from-environment", "BLAND_BASE_URL": "https://e.example"}
    endpoint = find_endpoint({"bland:apiKey": KEY, "bland:baseUrl": "https://c.example/"}, environment)
    assert (endpoint.key.reveal(), endpoint.base_url) == (KEY, "https://c.example")


def test_environment_variables_are_the_fallback_and_the_url_has_a_default() -> None:
    endpoint = find_endpoint({"bland:apiKey": None}, {"BLAND_API_KEY": KEY})
    assert (endpoint.key.reveal(), endpoint.base_url) == (KEY, "https://api.bland.ai")


def test_a_line_break_after_the_key_is_left_out_with_a_warning() -> None:
    endpoint = find_endpoint({}, {"BLAND_API_KEY": f"{KEY}\r\n"})
    assert endpoint.key.reveal() == KEY
    assert endpoint.warning == "ignored a trailing line break in the API key"
    assert find_endpoint({}, {"BLAND_API_KEY": KEY}).warning is None


def test_a_key_in_the_config_must_be_a_secret() -> None:
    with pytest.raises(ConfigurationError, match="pulumi config set --secret bland:apiKey") as caught:
        find_endpoint({"bland:apiKey": KEY}, {}, is_secret=False)
    assert str(caught.value).startswith("bland:apiKey is stored in plain text")
    assert KEY not in str(caught.value)
    assert find_endpoint({}, {"BLAND_API_KEY": KEY}, is_secret=False).key.reveal() == KEY


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (f'"{KEY}"', "it is in quotes (expected the key alone)"),
        (f"'{KEY}'", "it is in quotes"),
        (f'{KEY}"', "it is in quotes"),
        (f"`{KEY}", "it is in quotes"),
        ("${{ secrets.BLAND_API_KEY }}", "it is an expression in ${{ }} that was not evaluated"),
        ("${{secrets.BLAND_API_KEY}}", "it is an expression in ${{ }} that was not evaluated"),
        ("$BLAND_API_KEY", "it is the name of a variable (expected the variable's value)"),
        ("${BLAND_API_KEY}", "it is the name of a variable"),
        ("$(cat key.txt)", "it is the name of a variable"),
        ("%BLAND_API_KEY%", "it is the name of a variable"),
        ("$env:BLAND_API_KEY", "it is the name of a variable"),
        ("changeme", "it is a placeholder (expected a key of your Bland account)"),
        ("CHANGE_ME", "it is a placeholder"),
        ("replace-me", "it is a placeholder"),
        ("your-api-key", "it is a placeholder"),
        ("your_bland_api_key_here", "it is a placeholder"),
        ("<your key>", "it is a placeholder"),
        ("BLAND_API_KEY", "it is a placeholder"),
        ("[secret]", "it is a placeholder"),
    ],
)
def test_a_mistaken_key_is_told_and_not_shown(key: str, fault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_endpoint({}, {"BLAND_API_KEY": key})
    text = str(caught.value)
    assert text.startswith(f"invalid API key: {fault}")
    assert "pulumi config set --secret bland:apiKey" in text
    assert key not in text.replace("BLAND_API_KEY", "") or key == "BLAND_API_KEY"
    assert KEY not in text


@pytest.mark.parametrize("key", ["any-key-will-do", "sk-changeme-01", "$2y$10$abcdefgh", "mykey-0123456789", "x" * 8])
def test_what_could_be_a_key_is_taken(key: str) -> None:
    assert find_endpoint({}, {"BLAND_API_KEY": key}).key.reveal() == key


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


def test_without_a_stack_only_the_variable_is_named() -> None:
    with pytest.raises(ConfigurationError) as raised:
        find_endpoint(None, {})
    assert str(raised.value) == "no API key: set the environment variable BLAND_API_KEY"
    assert find_endpoint(None, {"BLAND_API_KEY": KEY}).key.reveal() == KEY


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


ENDPOINT = find_endpoint({}, {"BLAND_API_KEY": KEY})
SHOWS: dict[str, Callable[[], object]] = {
    "repr": lambda: repr(ENDPOINT),
    "str": lambda: str(ENDPOINT.key),
    "format": lambda: f"{ENDPOINT.key}",
    "asdict": lambda: asdict(ENDPOINT),
    "astuple": lambda: astuple(ENDPOINT),
    "asdict of the key": lambda: asdict(ENDPOINT.key),
    "pprint": lambda: pformat({"endpoint": [ENDPOINT]}),
    "attributes": lambda: [getattr(ENDPOINT.key, name) for name in ENDPOINT.key.__slots__],
    "dir": lambda: [getattr(ENDPOINT.key, name) for name in dir(ENDPOINT.key)],
    "rich": lambda: pretty_repr(ENDPOINT),
}


@pytest.mark.parametrize("show", SHOWS.values(), ids=SHOWS.keys())
def test_nothing_shows_a_key(show: Callable[[], object]) -> None:
    assert KEY not in f"{show()} {show()!r}"


@pytest.mark.parametrize("leak", [pickle.dumps, copy.deepcopy, copy.copy, json.dumps])
@pytest.mark.parametrize("held", [ENDPOINT.key, ENDPOINT])
def test_a_key_cannot_be_pickled(leak: Callable[[object], object], held: object) -> None:
    with pytest.raises(TypeError) as caught:
        leak([held]) if leak is not copy.copy else leak(ENDPOINT.key)
    assert KEY not in str(caught.value)


def test_keys_are_equal_by_value() -> None:
    assert {ApiKey(KEY): 1}[ApiKey(KEY)] == 1
    assert ApiKey(KEY) not in {ApiKey(f"{KEY}1"), KEY}
