from __future__ import annotations

import pytest

from tornado_resource.core.strict_json import parse_json


@pytest.mark.parametrize(("text", "value"), [('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}), (b"5", 5), ("{}", {})])
def test_json_is_parsed(text: str | bytes, value: object) -> None:
    assert parse_json(text) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is not JSON (line 1, column 1)"),
        ('{\n"secret', "it is not JSON (line 2, column 1)"),
        (b'"\xff"', "it is not UTF-8"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"a": 1, "a": 2}', "it has a name twice in one object"),
        ('[{"a": {"b": 1, "\\u0062": 2}}]', "it has a name twice in one object"),
        ("NaN", "it has a number that is not finite"),
        ("[-Infinity]", "it has a number that is not finite"),
        ("1e999", "it has a number that is not finite"),
        ("9" * 5000, "it has a number with too many digits"),
    ],
)
def test_what_readers_take_for_different_values_is_refused(text: str | bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=r"^it ") as caught:
        parse_json(text)
    assert str(caught.value) == fault
