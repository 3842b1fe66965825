"""What the endpoints of agents and judges share: the wrapper of their responses, limits and pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from tornado_resource.sandbox.operations import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Json = dict[str, Any]
_INTEGER: Final = "-?[0-9]{1,18}"


class Answers:
    """Makes responses in the wrapper `{data, errors}`, or bare ones."""

    def __init__(self, *, is_wrapped: bool) -> None:
        self._is_wrapped = is_wrapped

    def of(self, data: Any, status: int = 200) -> Response:
        """Return the response for *data*."""
        return JSONResponse({"data": data, "errors": None} if self._is_wrapped else data, status)

    def page(self, request: Request, entries: list[Json]) -> Response:
        """Return the response for the page of a list that a request asks for."""
        after, limit = request.query_params.get("starting_after"), limit_of(request, 25, 100)
        ids = [each["id"] for each in entries]
        if after is not None and after not in ids:
            raise Refusal(400, "starting_after: unknown cursor")
        start = ids.index(after) + 1 if after is not None else 0
        page, more = entries[start : start + limit], entries[start + limit :]
        cursor = page[-1]["id"] if more else None
        return self.of({"object": "list", "data": page, "has_more": bool(more), "next_cursor": cursor})


def limit_of(request: Request, default: int, most: int) -> int:
    """Return how many entries a request asks for: what is out of range is clamped, as documented.

    Raises:
        Refusal: it is not a number.

    """
    return min(max(_number(request, "limit", default), 1), most)


def offset_of(request: Request) -> int:
    """Return how many entries a request leaves out; what is out of range is clamped.

    Raises:
        Refusal: it is not a number.

    """
    return max(_number(request, "offset", 0), 0)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if re.fullmatch(_INTEGER, text) is None:
        raise Refusal(400, f"{name} must be a whole number")
    return int(text)
