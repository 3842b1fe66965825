"""JSON from files and programs, without what different readers take for different values."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, nested too deeply, has a name twice in an object, or a number that is not finite.
            The text is fit to be shown, and quotes nothing.

    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        message = "it is nested too deeply"
    except json.JSONDecodeError as error:
        message = f"it is not JSON (line {error.lineno}, column {error.colno})"
    except UnicodeDecodeError:
        message = "it is not UTF-8"
    except _Fault as fault:
        message = str(fault)
    except ValueError:
        message = "it has a number with too many digits"
    raise ValueError(message) from None


class _Fault(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "it has a name twice in one object"
        raise _Fault(message)
    return members


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(_text: str) -> NoReturn:
    message = "it has a number that is not finite"
    raise _Fault(message)
