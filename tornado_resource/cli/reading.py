"""The declarations that a command is about: a file, or standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tornado_resource.declarations.reader import MAX_FILE_BYTES
from tornado_resource.declarations.resolver import check_content, check_document
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from tornado_resource.declarations.document import Document

STANDARD_INPUT: Final = "-"


def read_declarations(file: str) -> Document:
    """Return the declarations in a file, or in standard input for `-`, checked.

    Raises:
        ConfigurationError: the file or standard input cannot be read.
        DeclarationError: the declarations are invalid; the error has all problems.

    """
    if file != STANDARD_INPUT:
        return check_document(file)
    try:
        content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        message = f"cannot read standard input: {str(error.strerror).lower()}; name a file instead of `-`"
        raise ConfigurationError(message) from None
    return check_content(content, "<stdin>")
