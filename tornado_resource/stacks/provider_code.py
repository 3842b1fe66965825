"""The code that a state makes Pulumi run: each dynamic resource has its provider pickled in `__provider`.

A refresh or destroy unpickles that text, and so does whatever it says. Ours are references to a few classes. They are
compared as text; nothing is ever unpickled here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tornado_resource.core.urns import PROVIDERS
from tornado_resource.stacks.fields import ENCRYPTED, objects_in

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER_KEY: Final = "__provider"
_CLASSES: Final = (
    *(("tornado_resource.provider", name) for name in PROVIDERS),
    ("tornado_resource.release_provider", "ReleaseProvider"),  # states of the first versions
)
_PROTOCOLS: Final = (4, 5)
"""The default protocols of pickle: 5 from Python 3.14 on."""


@dataclass(frozen=True, slots=True)
class ForeignProvider:
    """A `__provider` that is not ours: the URN of the resource that it is in, its path in the state, and what it is."""

    urn: str
    path: str
    found: str


def foreign_providers(state: Any) -> Iterator[ForeignProvider]:
    """Yield every `__provider` of a state that is not ours, wherever it is."""
    for node, path, urn in objects_in(state):
        if PROVIDER_KEY in node and node[PROVIDER_KEY] not in OWN_PROVIDERS:
            yield ForeignProvider(urn, f"{path}.{PROVIDER_KEY}".lstrip("."), _description(node[PROVIDER_KEY]))


def _description(value: Any) -> str:
    if isinstance(value, Mapping):
        return "encrypted, which ours never is" if ENCRYPTED in value else "an object"
    return f"{len(value)} characters of another provider" if isinstance(value, str) else "no text"


def _reference(module: str, name: str, protocol: int) -> str:
    """Return what pickling an object of a class without attributes gives, as Pulumi writes it into the state."""
    names = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() + b"\x94" for text in (module, name))
    frame = names + b"\x93\x94)\x81\x94."
    return b64encode(b"\x80" + bytes([protocol]) + b"\x95" + len(frame).to_bytes(8, "little") + frame).decode()


OWN_PROVIDERS: Final = [_reference(*names, protocol) for names in _CLASSES for protocol in _PROTOCOLS]
"""The only texts that `__provider` may have. A list, since what is compared with them may be an object."""
