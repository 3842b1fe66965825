from __future__ import annotations

import pytest

from tornado_resource.declarations.composer import plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("5", 5),
        ("-7", -7),
        ("012", 12),
        ("00123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2026-04", "2026-04"),
        ("2026-04-14", "2026-04-14"),
        ("1e3", 1000.0),
        ("3.10", 3.1),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("0b101", "0b101"),
        ("\u0661", "\u0661"),
    ],
)
def test_plain_scalars_mean_what_a_person_sees(text: str, value: object) -> None:
    result = plain(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 401, "1." + "0" * 400])
def test_numbers_that_json_cannot_carry_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|finite"):
        plain(text)
