"""What a terminal shows of the text that is written to it: as much of ECMA-48 as the live table uses."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([^\x1b])", re.DOTALL)


class Terminal:
    """A terminal of *columns* and *rows*.

    *erased* is the text that was erased rather than written over: it flickers if it comes back. *written* is what was
    printed, without the spaces.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells: list[list[str]] = [[]]
        self.row = self.column = 0
        self.erased: list[str] = []
        self.written = ""
        self.has_cursor = True

    @property
    def lines(self) -> list[str]:
        """All lines, those included that have left the screen above it."""
        return ["".join(line).rstrip() for line in self.cells]

    @property
    def screen(self) -> list[str]:
        """The lines that a person sees."""
        return self.lines[-self.rows :]

    def write(self, text: str) -> None:
        position = 0
        for match in TOKEN.finditer(text):
            assert match.start() == position, f"unknown: {text[position:]!r}"
            position = match.end()
            numbers, final, character = match.groups()
            if final is not None:
                self._control(numbers, final)
            else:
                self._print(character)
        assert position == len(text)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size. Like most terminals, this one wraps its lines anew; the cursor stays on the last one."""
        self.columns, self.rows = columns, rows
        wrapped = []
        for line in self.cells:
            text = list("".join(line).rstrip())
            wrapped += [text[start : start + columns] for start in range(0, len(text), columns)] or [[]]
        self.cells = wrapped
        self.row = len(wrapped) - 1

    def _control(self, numbers: str, final: str) -> None:
        if final == "A":
            self.row = max(self.row - int(numbers or 1), len(self.cells) - self.rows, 0)
        elif final == "K":
            self._erase(self.cells[self.row], self.column)
        elif final == "J":
            self._erase(self.cells[self.row], self.column)
            for line in self.cells[self.row + 1 :]:
                self._erase(line, 0)
        elif final in "hl":
            assert numbers == "?25"
            self.has_cursor = final == "h"
        else:
            assert final == "m", f"unknown: {numbers}{final}"

    def _erase(self, line: list[str], start: int) -> None:
        text = "".join(line[start:]).strip()
        if text:
            self.erased.append(text)
        del line[start:]

    def _print(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n" or self.column == self.columns:
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.cells):
                self.cells.append([])
        if character not in "\r\n":
            line = self.cells[self.row]
            line += [" "] * (self.column + 1 - len(line))
            line[self.column] = character
            self.column += 1
            self.written += character.strip()
