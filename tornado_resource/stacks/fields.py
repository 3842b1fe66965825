"""The objects of a state, which may be damaged or changed by hand: every value is checked where it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from tornado_resource.core.canonical import whole_or_none
from tornado_resource.core.strict_json import parse_json
from tornado_resource.core.text import clean
from tornado_resource.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
ENCRYPTED: Final = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks an object of its own, such as an encrypted value."""
MAX_REASON_CHARACTERS: Final = 300
"""Of why somebody overrides a promotion or rolls back, which configs and states have."""
_NAMES_ONLY: Final = "propertyDependencies"
"""What Pulumi records here for each input are URNs."""
_EXPECTED: Final = {str: "text", bool: "true or false", dict: "an object", list: "a list"}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object in the state of a stack, and the path to it. A value that is absent or null is None, {} or []."""

    stack: str
    path: str
    values: Mapping[str, Any]

    def text(self, key: str) -> str:
        """Return a text that must be there, and not empty.

        Raises:
            ConfigurationError: the value is anything else. So do all methods below.

        """
        return self.text_or_none(key) or self.refuse(key, "text")

    def text_or_none(self, key: str) -> str | None:
        """Return a text."""
        return self._value(key, str)

    def flag(self, key: str) -> bool:
        """Return whether a value is true."""
        return self._value(key, bool) or False

    def whole_or_none(self, key: str) -> int | None:
        """Return a whole number from 0 to `MAX_WHOLE`. Pulumi writes some of them as floats."""
        value = self.values.get(key)
        if value is None:
            return None
        number = whole_or_none(value)
        return number if number is not None and number >= 0 else self.refuse(key, "a whole number")

    def object(self, key: str) -> Fields:
        """Return an object."""
        return Fields(self.stack, self._path(key), self._value(key, dict) or {})

    def objects(self, key: str) -> Iterator[Fields]:
        """Yield the objects of a list."""
        for index, value in enumerate(self._value(key, list) or []):
            path = f"{self._path(key)}[{index}]"
            yield (
                Fields(self.stack, path, value)
                if isinstance(value, Mapping)
                else _refuse(self.stack, path, value, "an object")
            )

    def refuse(self, key: str, expected: str) -> NoReturn:
        """Raise the error for a value that is not what is *expected*."""
        _refuse(self.stack, self._path(key), self.values.get(key), expected)

    def _value(self, key: str, kind: type[T]) -> T | None:
        value = self.values.get(key)
        return value if value is None or isinstance(value, kind) else self.refuse(key, _EXPECTED[kind])

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def is_encrypted(value: Any) -> bool:
    """Return whether a value, or a part of it, is a secret that Pulumi has not decrypted."""
    return any(ENCRYPTED in node and "ciphertext" in node for node, _, _ in objects_in(value))


def objects_in(state: Any) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """Yield every object in a state, with its path and the URN of the resource that it is in."""
    pending: list[tuple[Any, str, str]] = [(state, "", "no resource")]
    while pending:  # without recursion: the state may be nested deeply
        node, path, urn = pending.pop()
        if isinstance(node, Mapping):
            own = node.get("urn")
            urn = own if isinstance(own, str) else urn
            yield node, path, urn
            inner = [(value, f"{path}.{name}".lstrip("."), urn) for name, value in node.items() if name != _NAMES_ONLY]
            pending += reversed(inner)
        elif isinstance(node, list):
            pending += reversed([(value, f"{path}[{index}]", urn) for index, value in enumerate(node)])


def decrypted(value: Any) -> Any:
    """Return a value of a state that was exported with its secrets in clear, with each secret as the value itself.

    Raises:
        ValueError: a secret is not JSON. RecursionError: the value is nested too deeply.

    """
    if isinstance(value, Mapping):
        if ENCRYPTED in value and isinstance(value.get("plaintext"), str):
            return parse_json(value["plaintext"])
        return {key: decrypted(entry) for key, entry in value.items()}
    return [decrypted(entry) for entry in value] if isinstance(value, list) else value


def damaged(stack: str, fault: str) -> ConfigurationError:
    """Return the error for a state that cannot be used."""
    return ConfigurationError(
        f"the state of stack {stack} is damaged: {fault}. "
        f"Restore it from a backup: pulumi stack import --stack {stack} --file BACKUP.json"
    )


def _refuse(stack: str, path: str, value: Any, expected: str) -> NoReturn:
    raise damaged(stack, f"{path}: found {_description(value)}, expected {expected}")


def _description(value: Any) -> str:
    """Return what a value is. Its content is not shown: it may be secret."""
    if isinstance(value, Mapping):
        return "an encrypted value" if ENCRYPTED in value else "an object"
    if isinstance(value, bool):
        return str(value).lower()
    return {str: "text", list: "a list", type(None): "nothing"}.get(type(value)) or clean(repr(value), 60)
