"""The declarations that a command is about: a file, or standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tornado_resource.declarations.reader import MAX_FILE_BYTES
from tornado_resource.declarations.resolver import check_content, check_document

if TYPE_CHECKING:
    from tornado_resource.declarations.document import Document

STANDARD_INPUT: Final = "-"


def read_declarations(file: str) -> Document:
    """Return the declarations in a file, or in standard input for `-`, checked.

    Raises:
        ConfigurationError: the file cannot be opened.
        DeclarationError: the declarations are invalid; the error has all problems.

    """
    if file != STANDARD_INPUT:
        return check_document(file)
    return check_content(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), "<stdin>")
