"""All pages of the reference."""

from collections.abc import Mapping
from pathlib import Path

from handbook.command_line_page import command_line_page
from handbook.http_page import http_page
from handbook.messages_page import messages_page
from handbook.settings_page import settings_page
from tests.support.http_api import HttpApi

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"


def reference() -> Mapping[str, str]:
    """File name to what it should hold."""
    # The document of the real routes; nothing behind them is asked.
    api = HttpApi()
    try:
        document = api.app.openapi()
    finally:
        api.hasher.close()
    return {
        "command-line.md": command_line_page(),
        "http.md": http_page(document),
        "messages.md": messages_page(),
        "settings.md": settings_page(),
    }
