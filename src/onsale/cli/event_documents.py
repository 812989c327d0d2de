"""Documents of JSON and YAML, read strictly: plain values, no key twice, within bounds."""

import json
from collections.abc import Callable
from typing import Any

import yaml
from typing_extensions import override
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.resolver import Resolver

# What takes seconds to read, where JSON takes as many for fifty times as much.
YAML_BYTES_MAX = 4 * 1024 * 1024
_VALUE_SHOWN_MAX = 40


def documents_of(text: str, *, is_json: bool) -> list[object]:
    """The documents that stand in a text: one of JSON, else one of JSON or any number of YAML.

    Raises:
        ValueError: it is neither; what is wrong, in one line.
    """
    try:
        return [_json_document(text)]
    except (ValueError, RecursionError) as error:
        fault = _line(error)
    if is_json:
        raise ValueError(fault)
    try:
        return _yaml_documents(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        if text.lstrip().startswith(("{", "[")):
            raise ValueError(f"neither JSON ({fault}) nor YAML ({_line(error)})") from None
        raise ValueError(_line(error)) from None


def _json_document(text: str) -> object:
    return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_number)


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(_twice([key for key, _ in pairs]))
    return found


def _twice(keys: list[Any]) -> str:
    seen: set[Any] = set()
    for key in keys:
        if key in seen:
            return f"{key!r} stands there twice"
        seen.add(key)
    raise AssertionError("there are fewer keys than values")


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _yaml_documents(text: str) -> list[object]:
    if len(text.encode()) > YAML_BYTES_MAX:
        raise ValueError(f"YAML of more than {YAML_BYTES_MAX // 1024 // 1024} MB; JSON may be more")
    loader = loader_class(is_fast=yaml.__with_libyaml__)
    documents = yaml.load_all(text, Loader=loader)
    return [each for each in documents if each is not None]


class _Strict(Composer, SafeConstructor, Resolver):
    """Makes plain values of what a parser finds."""

    # Of the parser that it is put together with.
    check_event: Callable[..., bool]

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        # A few lines of aliases can stand for more than any memory holds.
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not taken")
        return super().compose_node(parent, index)

    @override
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError):
            # A tag (!!bool maybe), or what looks like a number or a time and is none.
            kind = node.tag.rpartition(":")[2]
            value = str(node.value)[:_VALUE_SHOWN_MAX]
            raise ConstructorError(None, None, f"{value!r} is no {kind}", node.start_mark) from None

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            keys = [self.construct_object(key) for key, _ in node.value]
            raise ConstructorError(None, None, _twice(keys), node.start_mark)
        return found


def loader_class(*, is_fast: bool) -> type[Any]:
    """What reads YAML strictly; ``is_fast``: with libyaml, several times as fast."""

    class Slow(_Strict, yaml.SafeLoader):
        pass

    if not is_fast:
        return Slow

    class Fast(_Strict, yaml.CSafeLoader):
        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            Composer.__init__(self)

    return Fast


def _line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return " ".join(str(error).split())
