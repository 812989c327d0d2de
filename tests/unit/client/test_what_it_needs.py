"""What has to be installed for the client alone, as its page says it."""

import ast
import re
import sys

from tests.servers.protocol import PROJECT

PAGE = (PROJECT / "docs" / "client.md").read_text()


def test_the_page_names_every_package_that_the_client_imports() -> None:
    imported = {
        name.partition(".")[0]
        for path in (PROJECT / "src" / "onsale" / "client").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _names(node)
    }
    needed = imported - sys.stdlib_module_names - {"onsale"}
    (installed,) = re.findall(r"^pip install ((?!-).+)$", PAGE, re.MULTILINE)
    assert {name.replace("-", "_") for name in installed.split()} == needed


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
