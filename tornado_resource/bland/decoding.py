"""Content codings of responses. The requests ask for none, but proxies and servers may use one all the same. Pure."""

from __future__ import annotations

import zlib
from typing import Final

_WINDOWS: Final = {
    "gzip": (zlib.MAX_WBITS | 16,),
    "x-gzip": (zlib.MAX_WBITS | 16,),
    "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS),  # by the standard, and as some servers send it
}
_UNSUPPORTED: Final = frozenset({"br", "zstd", "compress", "x-compress"})


def decode(content: bytes, content_encoding: str, limit: int) -> bytes:
    """Return a body without its compression, as far as it has one.

    What is no compression (`identity`, `none`, `utf-8`) stays as it is; so does what is not compressed in spite of its
    header.

    Args:
        content: the body as received.
        content_encoding: the header.
        limit: the most bytes that are decoded. A body that has more is cut after one more.

    Raises:
        ValueError: it has a compression that cannot be decoded. The text is fit to be shown.

    """
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    compressions = [coding for coding in codings if coding in _UNSUPPORTED or coding in _WINDOWS]
    if len(compressions) > 1 or not _UNSUPPORTED.isdisjoint(compressions):
        message = "the response is compressed, but the request did not allow it"
        raise ValueError(message)
    for compression in compressions:
        for window in _WINDOWS[compression]:
            decoded = _decompress(content, window, limit)
            if decoded is not None:
                return decoded
    return content


def _decompress(content: bytes, window: int, limit: int) -> bytes | None:
    """Return the decompressed content; None if it is no whole stream of this kind."""
    decompressor = zlib.decompressobj(window)
    try:
        decoded = decompressor.decompress(content, limit + 1)
    except zlib.error:
        return None
    return decoded if decompressor.eof or len(decoded) > limit else None
