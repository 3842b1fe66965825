"""Bodies of responses: without the API key in any part."""

from __future__ import annotations

import json

import pytest

from tests.support.api import KEY
from tornado_resource.bland.response_body import MAX_MEMBER_NAMES, MAX_STRING_CHARACTERS, parse_body
from tornado_resource.core.redaction import encodings

FORMS = encodings(KEY)


def test_values_without_the_key_are_unchanged() -> None:
    content = {"a": [1, 2.5, None, True, "text ✓", {"b": {}}, []], "": "", "n": -1}
    assert parse_body(json.dumps(content).encode(), FORMS) == content


@pytest.mark.parametrize(
    "content", ['"%s"', '["x", "%s"]', '{"a": {"b": ["%s"]}}', '{"%s": 1}', '{"a": [{"b": {"%s": []}}]}']
)
@pytest.mark.parametrize("key", [KEY, KEY.upper(), json.dumps(KEY)[1:-1]])
def test_the_key_is_in_no_string_and_no_name(content: str, key: str) -> None:
    assert parse_body((content % key).encode(), FORMS) == json.loads(content % "[secret]")


def test_a_key_whose_characters_are_escaped_is_found() -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
    assert parse_body(f'["{escaped}", "sk\\u002d{KEY[3:]}"]'.encode(), FORMS) == ["[secret]", "[secret]"]


def test_a_name_keeps_its_value_when_the_key_is_removed() -> None:
    assert parse_body(f'{{"a": 1, "your {KEY}": 2, "b": 3}}'.encode(), FORMS) == {"a": 1, "your [secret]": 2, "b": 3}


@pytest.mark.parametrize("left", range(1, len(KEY) + 1))
def test_a_long_string_is_cut_without_a_part_of_the_key(left: int) -> None:
    text = "." * (MAX_STRING_CHARACTERS - left) + KEY
    cut = parse_body(json.dumps(text).encode(), FORMS)
    assert cut.strip(".") in {"…", "[secret]…", "[secret]"}
    assert len(cut) <= MAX_STRING_CHARACTERS + 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": 1,}', b"1" * 5000])
def test_what_is_not_json_is_an_error_to_show(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the response is not JSON$"):
        parse_body(content, FORMS)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_body_whose_bytes_do_not_show_the_key_is_not_read(encoding: str) -> None:
    with pytest.raises(ValueError, match=r"^the response is not JSON$"):
        parse_body(json.dumps([f"your key {KEY}"]).encode(encoding), FORMS)
    assert parse_body(json.dumps([f"your key {KEY}"]).encode("utf-8-sig"), FORMS) == ["your key [secret]"]


@pytest.mark.parametrize(("number", "is_read"), [(MAX_MEMBER_NAMES, True), (MAX_MEMBER_NAMES + 1, False)])
def test_a_body_has_so_many_names_at_most(number: int, is_read: bool) -> None:  # noqa: FBT001
    content = json.dumps({str(name): 0 for name in range(number)}).encode()
    if is_read:
        assert len(parse_body(content, FORMS)) == number
    else:
        with pytest.raises(ValueError, match="too complex"):
            parse_body(content, FORMS)
