"""Tells a JSON schema in words."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from handbook.markdown import code, prose, table

Schema: TypeAlias = Mapping[str, Any]

_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("minLength", "{} characters or more"),
    ("maxLength", "{} characters at most"),
    ("minItems", "{} or more"),
    ("maxItems", "{} at most"),
)
# That a text must not hold a NUL is told once, in the page's introduction.
_PATTERNS = {"^[^\\u0000]*$": "", "^[^\\u0000]+$": "not empty"}


def type_text(schema: Schema) -> str:
    """What a value may be: `integer`, or a link to the schema that says more."""
    if ref := schema.get("$ref"):
        name = str(ref).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    if values:
        return " or ".join(code(f'"{value}"') for value in values)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(map(type_text, choices)))
    kind = schema.get("type", "anything")
    if isinstance(kind, str) and kind in _NESTED:
        return _NESTED[kind](schema)
    form = f" ({schema['format']})" if "format" in schema else ""
    return " or ".join(kind if isinstance(kind, list) else [kind]) + form


def _list_text(schema: Schema) -> str:
    if each := schema.get("prefixItems"):
        return f"[{', '.join(map(type_text, each))}]"
    return f"list of {type_text(schema.get('items', {}))}"


def _object_text(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    return f"object of {type_text(values)}" if isinstance(values, Mapping) else "object"


_NESTED: Mapping[str, Callable[[Schema], str]] = {"array": _list_text, "object": _object_text}


def bounds_text(schema: Schema) -> str:
    """What a value must keep to, as in `1 to 100`; nothing if that is nothing."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return bounds_text(choice)
    if "prefixItems" in schema:
        return ""
    found = [form.format(f"{schema[key]:,}") for key, form in _BOUNDS if key in schema]
    if pattern := schema.get("pattern"):
        found.append(_PATTERNS.get(pattern, f"like {code(pattern)}"))
    if isinstance(items := schema.get("items"), Mapping) and (each := bounds_text(items)):
        found.append(f"each {each}")
    if (default := schema.get("default")) not in (None, ()):
        found.append(f"default {code(str(default).lower())}")
    return ", ".join(filter(None, found))


def fields_table(schema: Schema, *, is_request: bool) -> str:
    """The fields of an object, a row each."""
    needed = schema.get("required", ())
    rows = [
        (
            code(name) + ("" if name in needed else " *"),
            type_text(field),
            "; ".join(part for part in (prose(_about(field)), bounds_text(field)) if part),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    missing = "may be left out" if is_request else "is not always there"
    note = f"\n\n\\* {missing}" if any(name.endswith("*") for name, *_ in rows) else ""
    return table(("field", "is", "notes"), rows) + note


def schema_part(name: str, schema: Schema, *, is_request: bool) -> str:
    """A section about one named schema."""
    parts = [f"### {name}"]
    if about := prose(_about(schema)):
        parts.append(about)
    if schema.get("properties"):
        parts.append(fields_table(schema, is_request=is_request))
    elif "enum" in schema or "anyOf" in schema:
        parts.append(f"One of: {type_text(schema)}.")
    return "\n\n".join(parts)


def _about(schema: Schema) -> str:
    return str(schema.get("description") or "")
