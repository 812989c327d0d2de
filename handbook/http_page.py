"""The reference of the HTTP interface."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from handbook.markdown import code, page, prose, table
from handbook.schema_text import bounds_text, schema_part, type_text
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import (
    INTERNAL_ERROR,
    PROBLEMS,
)

Document: TypeAlias = Mapping[str, Any]

_INTRODUCTION = """
Bodies are JSON in UTF-8, money is integer cents, times are UTC in ISO 8601, and no text may hold
a NUL. A session is the cookie that a log-in sets, or its token in `Authorization: Bearer …`.
Whatever is refused is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457))
whose `code` does not change; [all of them](#problem-codes) are at the end. `503` and `429` say in
`Retry-After` when to ask again. The same as an OpenAPI document is `/openapi.json` of a running
service, to be browsed at `/docs`.
"""
_METHODS = ("get", "post", "put", "patch", "delete")
# Of any call, of any that takes a body, of any that changes something: told once.
_ANY = {"INTERNAL_ERROR", "UNAVAILABLE"}
_BODY = {"BODY_TIMEOUT", "BODY_TOO_LARGE", "MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE"}
_CHANGE = {"FORBIDDEN_ORIGIN"}
_TOLD_ONCE = _ANY | _BODY | _CHANGE


def http_page(document: Document) -> str:
    """The page, from an OpenAPI document."""
    return page("HTTP interface", _INTRODUCTION, _parts(document))


def _parts(document: Document) -> Iterator[str]:
    yield (
        f"Each call may also refuse with {_codes_text(_ANY)}, one that takes a body with"
        f" {_codes_text(_BODY)}, and one that changes something with {_codes_text(_CHANGE)} if a"
        " browser says that another site made it."
    )
    for tag in document["tags"]:
        yield f"## {str(tag['name']).capitalize()}\n\n{tag['description']}."
        for path, calls in document["paths"].items():
            for method in _METHODS:
                if method in calls and tag["name"] in calls[method]["tags"]:
                    yield _call(method, path, calls[method])
    schemas = document["components"]["schemas"]
    yield "## Schemas"
    for name, schema in schemas.items():
        yield schema_part(name, schema, is_request=name.endswith(("Request", "Form")))
    yield "## Problem codes\n\n" + _codes()


def _call(method: str, path: str, call: Document) -> str:
    parts = [f"### {call['summary']}", f"```text\n{method.upper()} {path}\n```"]
    if (about := str(call.get("description", ""))) and about != call["summary"]:
        parts.append(prose(about))
    if "security" in call:
        parts.append("Needs a session.")
    if parameters := call.get("parameters"):
        parts.append(_parameters(parameters))
    if body := call.get("requestBody"):
        for media, content in body["content"].items():
            parts.append(f"Takes: {type_text(content['schema'])} ({media}).")
    parts.extend([_answers(call["responses"]), _refusals(call["responses"])])
    return "\n\n".join(part for part in parts if part)


def _parameters(parameters: Sequence[Document]) -> str:
    rows = (
        (
            code(parameter["name"]),
            parameter["in"],
            type_text(parameter["schema"]),
            "; ".join(
                part
                for part in (
                    prose(str(parameter.get("description") or "")),
                    bounds_text(parameter["schema"]),
                )
                if part
            ),
        )
        for parameter in parameters
    )
    return table(("parameter", "in", "is", "notes"), rows)


def _answers(responses: Document) -> str:
    lines = []
    for status, answer in responses.items():
        if int(status) >= 400:  # noqa: PLR2004 - where refusals begin
            continue
        content = [
            f"{type_text(of['schema'])} ({media})"
            for media, of in answer.get("content", {}).items()
        ]
        told = " or ".join(content) or "nothing"
        lines.append(f"Answers `{status}`: {told}. {_sentence(str(answer['description']))}".strip())
    return "\n\n".join(lines)


def _sentence(text: str) -> str:
    text = prose(text)
    return "" if " " not in text else text + ("" if text.endswith(".") else ".")


def _refusals(responses: Document) -> str:
    told = [
        f"`{status}` {', '.join(code(name) for name in names)}"
        for status, answer in responses.items()
        if (names := _own_codes(answer))
    ]
    return f"Refuses: {'; '.join(told)}." if told else ""


def _own_codes(answer: Document) -> list[str]:
    examples = answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    return [name for name in examples if name not in _TOLD_ONCE]


def _codes_text(names: Iterable[str]) -> str:
    *most, last = map(code, sorted(names))
    return f"{', '.join(most)} or {last}" if most else last


def _codes() -> str:
    kinds = sorted({*PROBLEMS.values(), INTERNAL_ERROR})
    rows = ((str(kind.status), code(kind.code), kind.title) for kind in kinds)
    return table(("status", "code", "means"), rows)
