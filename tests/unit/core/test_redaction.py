from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_resource.core.redaction import encodings, redact

KEY = "sk-Canary/01+23=45&67"
FORMS = encodings(KEY)


ENCODED = {
    "as it is": KEY,
    "upper case": KEY.upper(),
    "lower case": KEY.lower(),
    "URL": quote(KEY),
    "URL, with slashes": quote(KEY, safe=""),
    "JSON": json.dumps(KEY)[1:-1].replace("/", "\\/"),
}


@pytest.mark.parametrize("form", ENCODED.values(), ids=ENCODED.keys())
@pytest.mark.parametrize(("before", "after"), [("", ""), ("İ ß your key ", " is wrong"), ("x", "x")])
def test_the_secret_is_replaced_in_every_encoding(form: str, before: str, after: str) -> None:
    assert redact(f"{before}{form}{after}", FORMS) == f"{before}[secret]{after}"


@given(st.binary(max_size=8), st.binary(max_size=8), st.booleans())
def test_base64_of_text_around_the_secret_is_replaced(before: bytes, after: bytes, is_safe: bool) -> None:  # noqa: FBT001
    encode = base64.urlsafe_b64encode if is_safe else base64.b64encode
    shown = redact(encode(before + KEY.encode() + after).decode(), FORMS)
    left = len(shown.replace("[secret]", ""))
    assert "[secret]" in shown
    assert left <= len(encode(before + after)) + 4


@given(st.text())
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text, FORMS) == text


def test_every_occurrence_is_replaced_and_the_rest_keeps_its_case() -> None:
    assert redact(f"A{KEY}B{KEY.upper()}C{quote(KEY)}D", FORMS) == "A[secret]B[secret]C[secret]D"


def test_the_longest_form_comes_first() -> None:
    assert [len(form) for form in FORMS] == sorted(map(len, FORMS), reverse=True)
