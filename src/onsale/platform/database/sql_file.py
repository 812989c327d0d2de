"""Named statements in ``.sql`` files: SQL stays SQL, and Python calls it by name."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def load_statements(path: Path) -> Mapping[str, str]:
    """Statements by name; each follows a line ``-- name: the_name``.

    Raises:
        ValueError: a name stands twice, or text stands before the first name.
    """
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    if any(line and not line.startswith("--") for line in parts[0].splitlines()):
        raise ValueError(f"{path.name}: a statement without a name")
    statements: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in statements:
            raise ValueError(f"{path.name}: {name} stands twice")
        statements[name] = text.strip().removesuffix(";")
    return MappingProxyType(statements)
