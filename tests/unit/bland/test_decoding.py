"""Compressed bodies, and those whose header says so."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tornado_resource.bland.response_body import decode

BODY = b'{"session_id": "s-1"}'
GZIP = gzip.compress(BODY, mtime=0)  # without the time, so that every worker of pytest has the same tests
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
DEFLATE = RAW.compress(BODY) + RAW.flush()


@pytest.mark.parametrize(
    "coding", ["", "identity", "IDENTITY", "none", "utf-8", "UTF8", "binary", "identity, identity"]
)
def test_what_is_no_compression_is_plain(coding: str) -> None:
    assert decode(BODY, coding, 100) == BODY


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        (GZIP, "gzip"),
        (GZIP, "GZip"),
        (GZIP, "x-gzip"),
        (GZIP, "gzip, identity"),
        (zlib.compress(BODY), "deflate"),
        (DEFLATE, "Deflate"),
    ],
)
def test_gzip_and_deflate_are_decoded(content: bytes, coding: str) -> None:
    assert decode(content, coding, len(BODY)) == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("content", [b"", BODY, GZIP[:-9]])
def test_what_is_no_whole_stream_stays_as_it_is(content: bytes, coding: str) -> None:
    assert decode(content, coding, 100) == content


@pytest.mark.parametrize("content", [gzip.compress(b" " * size, mtime=0) for size in (1000, 10**7)])
def test_no_more_than_the_limit_is_decoded(content: bytes) -> None:
    assert len(decode(content, "gzip", 100)) == 101


@pytest.mark.parametrize("coding", ["br", "ZSTD", "compress", "gzip, gzip", "deflate, br"])
def test_other_compressions_are_refused(coding: str) -> None:
    with pytest.raises(ValueError, match="the response is compressed, but the request did not allow it"):
        decode(GZIP, coding, 100)
