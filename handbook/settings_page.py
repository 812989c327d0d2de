"""The reference of the settings."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from handbook.markdown import code, page, prose, table
from handbook.schema_text import bounds_text, type_text
from onsale.settings import PREFIX, ApiSettings, DatabaseSettings, StoreSettings

_INTRODUCTION = """
Every setting is a variable of the environment. What is missing or wrong is told at the start, all
of it at once, and so is a variable that begins with `ONSALE_` and is none of these. No secret and
no address of a store has a default. A limit is `burst:per second`: so many at once, and then so
many a second.
"""


def settings_page() -> str:
    """The page, from the settings' own classes."""
    return page("Settings", _INTRODUCTION, [table(("variable", "is", "default", "notes"), _rows())])


def _rows() -> Iterator[tuple[str, str, str, str]]:
    schemas = ApiSettings.model_json_schema()
    for name, field in ApiSettings.model_fields.items():
        schema = schemas["properties"][name]
        if ref := schema.get("$ref"):
            schema = schemas["$defs"][str(ref).rpartition("/")[2]]
        bare = {key: value for key, value in schema.items() if key not in {"default", "pattern"}}
        told = [prose(field.description or ""), bounds_text(bare), _needed_by(name, field)]
        yield (
            code(PREFIX + name.upper()),
            type_text(schema).removesuffix(" or null").replace(" (password)", ""),
            _default(field),
            "; ".join(part for part in told if part),
        )


def _needed_by(name: str, field: FieldInfo) -> str:
    if not field.is_required():
        return ""
    if name in DatabaseSettings.model_fields:
        return "needed by every role"
    if name in StoreSettings.model_fields:
        return "needed by every role but `onsale db` and `onsale worker webhooks`"
    return "needed by the API and by `onsale worker webhooks`"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined or field.default is None:
        return ""
    value = getattr(field.default, "value", field.default)
    return code(str(value)) if value != "" else "empty"
