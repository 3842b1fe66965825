"""The files that a command writes, and what to say where the system refuses to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def writing(path: str, kind: str = "file") -> Iterator[None]:
    """Name the file or folder *path* in what the system says in this block.

    Raises:
        ConfigurationError: it cannot be looked at or written.

    """
    try:
        yield
    except (OSError, ValueError) as error:
        cause = clean(getattr(error, "strerror", None) or str(error)).lower()
        message = f"{clean(path)}: {cause}; name a {kind} that can be written to"
        raise ConfigurationError(message) from None
