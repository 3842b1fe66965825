"""Endpoints: each has its route and its description in one place, from which the OpenAPI description is made.

And what they share: the wrapper of their responses, limits and pages.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind
from starlette.responses import JSONResponse

from tornado_resource.sandbox.door import MAX_INTEGER, read_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from jsonschema_rs import ValidationError
    from starlette.requests import Request
    from starlette.responses import Response

    Endpoint = Callable[[Request], Awaitable[Response]]

Json = dict[str, Any]
MAX_REFUSAL_CHARACTERS: Final = 300
NO_CONTENT: Final = 204
"""How much of an explanation a refusal has: it may list all keys of a body."""

# What schemas are made of.
TEXT: Final[Json] = {"type": "string"}
NAME: Final[Json] = {"type": "string", "minLength": 1}
FLAG: Final[Json] = {"type": "boolean"}
INTEGER: Final[Json] = {"type": "integer", "minimum": -MAX_INTEGER, "maximum": MAX_INTEGER}
COUNT: Final[Json] = {**INTEGER, "minimum": 0}
POSITIVE: Final[Json] = {**INTEGER, "minimum": 1}
OBJECT: Final[Json] = {"type": "object"}
_INTEGER: Final = "-?[0-9]{1,18}"


def record(**members: Json) -> Json:
    """Return the schema of an object that has all of *members*, and no other."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def request_body(*required: str, **members: Json) -> Json:
    """Return the schema of a request's body that may have *members*, and no other."""
    return {**record(**members), "required": list(required)}


def list_of(items: Json, **limits: int) -> Json:
    """Return the schema of a list; *limits* are `minItems` and `maxItems`."""
    return {"type": "array", "items": items, **limits}


def nullable(schema: Json) -> Json:
    """Return the schema of a value that may also be null."""
    return {"anyOf": [schema, {"type": "null"}]}


ERROR: Final = record(status={"const": "error"}, message=TEXT)
_CODED: Final = record(error=TEXT, message=TEXT)
_ERROR_FORMS: Final[Json] = {"anyOf": [ERROR, _CODED, record(data={"type": "null"}, errors=list_of(_CODED))]}


def forms(schema: Json) -> Json:
    """Return the schema of a response that may be in the wrapper `{data, errors}`, or bare."""
    return {"anyOf": [record(data=schema, errors={"type": "null"}), schema]}


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint: its route, and what the description says of it.

    Args:
        method: the HTTP method.
        path: the path as Starlette writes it, such as `/v1/pathway/{pathway_id}/version/{number:int}`.
        endpoint: what responds.
        summary: what it does, in a few words.
        parameters: the schemas of parameters of the path, by name, where not any text will do.
        query: the schemas of the parameters of the query, by name.
        body: the schema of the request's body; None if there is none.
        response: the schema of a response with a status of *done*; None for a page.
        done: the statuses of success.
        refusals: the statuses of errors beside those that every endpoint has.
        needs_key: whether the header `authorization` is required.
        is_coded: whether errors have a code, and responses are in the wrapper `{data, errors}` unless they are bare.

    """

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    _: KW_ONLY
    parameters: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    body: Json | None = None
    response: Json | None = field(default_factory=lambda: OBJECT)
    done: tuple[int, ...] = (200,)
    refusals: tuple[int, ...] = ()
    needs_key: bool = True
    is_coded: bool = False

    @property
    def described_path(self) -> str:
        """The path as OpenAPI writes it."""
        return re.sub(r":\w+}", "}", self.path)

    def description(self) -> Json:
        """Return the *Operation Object* of OpenAPI."""
        described: Json = {
            "operationId": self.endpoint.__name__.lstrip("_"),
            "summary": self.summary,
            "parameters": [*self._path_parameters(), *self._query_parameters()],
            "responses": self._responses(),
            "security": [{"key": []}] if self.needs_key else [],
        }
        if self.body is not None:
            described["requestBody"] = {"required": True, "content": {"application/json": {"schema": self.body}}}
        return described

    def _path_parameters(self) -> list[Json]:
        # Starlette's `int` takes digits only, of any number.
        parameters = re.findall(r"{(\w+)(:int)?}", self.path)
        schemas = {name: COUNT if is_number else NAME for name, is_number in parameters} | self.parameters
        return [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in schemas.items()]

    def _query_parameters(self) -> list[Json]:
        return [{"name": name, "in": "query", "schema": schema} for name, schema in self.query.items()]

    def _responses(self) -> Json:
        kind, schema = ("text/html", TEXT) if self.response is None else ("application/json", self.response)
        schema = forms(schema) if self.is_coded else schema
        statuses = {400, 403, 411, 413, *self.refusals}  # the door's first
        statuses |= {401} if self.needs_key else set()
        error = _ERROR_FORMS if self.is_coded else ERROR
        refused = {"description": "Refused", "content": {"application/json": {"schema": error}}}
        done = {"description": "Done", "content": {kind: {"schema": schema}}}
        described = {str(code): done if code != NO_CONTENT else {"description": "Done"} for code in self.done}
        return {**described, **{str(status): refused for status in sorted(statuses)}}


def describe(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI 3.1 description of the endpoints."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.described_path, {})[operation.method.lower()] = operation.description()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sandbox of tornado-resource",
            "version": "1",
            "description": "The part of the Bland API that sessions and check runs need, and the sandbox's own calls.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "authorization"}},
        },
    }


class Refusal(Exception):
    """A request that is answered with an error of this status, and of this code where errors have one."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        self.status = status
        self.code = code or HTTPStatus(status).name
        super().__init__(message)


def guarded(operation: Operation, *, is_wrapped: bool = True) -> Endpoint:
    """Return the endpoint of an operation, with what all of them check and how they refuse.

    *is_wrapped*: whether errors that have a code are in the wrapper `{data, errors}`.
    """

    async def respond(request: Request) -> Response:
        try:
            _check(operation, request)
            return await operation.endpoint(request)
        except Refusal as refusal:
            if not operation.is_coded:
                return error_response(refusal.status, str(refusal))
            error = {"error": refusal.code, "message": str(refusal)}
            return JSONResponse({"data": None, "errors": [error]} if is_wrapped else error, refusal.status)

    return respond


def _check(operation: Operation, request: Request) -> None:
    """Refuse a request without a key, or with parameters that there are not."""
    key = request.headers.get("authorization", "")
    # A space means a scheme such as `Bearer`: the API's page wants the bare key, and a client must find out here.
    if operation.needs_key and (not key or " " in key):
        raise Refusal(401, "The authorization header must carry the bare API key")
    # SQLite has no larger numbers, so that there cannot be anything of this number.
    if any(isinstance(value, int) and value > MAX_INTEGER for value in request.path_params.values()):
        raise Refusal(404, "Not found")
    invalid = [
        name
        for name, parameter in operation.parameters.items()
        if not jsonschema_rs.is_valid(parameter, request.path_params[name])
    ]
    if invalid:
        raise Refusal(400, f"{invalid[0]} is not valid")
    _check_query(operation, request)


def _check_query(operation: Operation, request: Request) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(operation.query.keys() & set(names)):
        raise Refusal(400, f"The query may have {', '.join(operation.query) or 'no parameters'}, each once")


def error_response(status: int, message: str) -> Response:
    """Return a response with an error."""
    return JSONResponse({"status": "error", "message": message}, status)


async def read_body(request: Request, schema: Json, codes: Mapping[str, str] | None = None) -> Json:
    """Return the JSON object in a request's body.

    Args:
        request: the request.
        schema: what the description says of the body.
        codes: the codes of errors in members of the body that have one of their own, by name.

    Raises:
        Refusal: the body is not JSON, or not what *schema* says.

    """
    try:
        body = read_json(await request.body())
    except ValueError as error:
        raise Refusal(400, str(error)) from None
    # `mask`: a message must not repeat a megabyte.
    violation = next(jsonschema_rs.validator_for(schema, mask="the value").iter_errors(body), None)
    if violation is not None:
        member = str(next(iter(violation.instance_path), ""))
        raise Refusal(400, _explain(violation), (codes or {}).get(member))
    valid: Json = body
    return valid


def _explain(error: ValidationError) -> str:
    """Return where a body is not as described, and why: for alternatives, why it is not the first one."""
    if isinstance(error.kind, ValidationErrorKind.AnyOf):
        return _explain(error.kind.context[0][0])
    return f"{'.'.join(map(str, error.instance_path)) or 'the body'}: {error.message[:MAX_REFUSAL_CHARACTERS]}"


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
        ids = [entry["id"] for entry in entries]
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
