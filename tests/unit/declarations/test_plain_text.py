from __future__ import annotations

import pytest

from tornado_resource.declarations.characters import TextFault, decode_text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfa\n", "a\n"),
        (b"a\r\nb\rc\n\r\n", "a\nb\nc\n\n"),
        ("ü\t\x85\xa0\u2028\ud7ff\ue000\U0001f389".encode(), "ü\t\x85\xa0\u2028\ud7ff\ue000\U0001f389"),
        (b"a\n=======\n  <<<<<<< x\n", "a\n=======\n  <<<<<<< x\n"),
    ],
)
def test_text_is_read_as_it_is_seen(content: bytes, text: str) -> None:
    assert decode_text(content) == text


@pytest.mark.parametrize(
    ("content", "line", "column", "text"),
    [
        (b"\xff", 1, 1, "invalid UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfa\r\n\xc3\xbc\xff", 2, 2, "invalid UTF-8; save the file as UTF-8"),
        (b"\xff\xfea\0", 1, 1, "found UTF-16; save the file as UTF-8"),
        (b"\xfe\xff\0a", 1, 1, "found UTF-16; save the file as UTF-8"),
        (b"ab\n\0", 2, 1, "unprintable character U+0000; remove it"),
        (b"a\x0c", 1, 2, "unprintable character U+000C; remove it"),
        (b"\xc3\xbc\r\n\xc3\xbc\x7f", 2, 2, "unprintable character U+007F; remove it"),
        ("\x80".encode(), 1, 1, "unprintable character U+0080; remove it"),
        ("a\ufeff".encode(), 1, 2, "unprintable character U+FEFF; remove it"),
        ("\uffff".encode(), 1, 1, "unprintable character U+FFFF; remove it"),
        (
            b"a\n<<<<<<< HEAD\n",
            2,
            1,
            "merge conflict; resolve it, and remove the lines with <<<<<<<, ======= and >>>>>>>",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            1,
            1,
            "found a Git LFS pointer instead of the file; get the file with `git lfs pull`",
        ),
    ],
)
def test_what_is_no_text_has_a_place_and_a_cure(content: bytes, line: int, column: int, text: str) -> None:
    with pytest.raises(TextFault) as caught:
        decode_text(content)
    assert (caught.value.line, caught.value.column, str(caught.value)) == (line, column, text)
