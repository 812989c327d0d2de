"""QR codes as pictures."""

from functools import lru_cache
from io import BytesIO

import segno

# Two kilobytes each; a code takes milliseconds to draw, and its buyer looks at it again and again.
REMEMBERED_COUNT_MAX = 5_000
# Survives a scratched screen and a crumpled print: 15 % of it may be unreadable.
_ERROR_CORRECTION = "m"


@lru_cache(maxsize=REMEMBERED_COUNT_MAX)
def qr_code_svg(text: str) -> bytes:
    """An SVG document of any size: black on white, with the margin that scanners need."""
    picture = BytesIO()
    segno.make_qr(text, error=_ERROR_CORRECTION).save(
        picture,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        svgclass=None,
        lineclass=None,
        light="#fff",
        title="Ticket",
    )
    return picture.getvalue()
