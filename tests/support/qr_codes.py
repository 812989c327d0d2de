"""Reads QR codes as a scanner does: from what is to be seen."""

import re

import zxingcpp

_PIXELS_PER_MODULE = 8
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_STROKES = re.compile(r'<path stroke="#000" d="([^"]+)"')
_STEP = re.compile(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?")


def text_in(svg: str) -> str:
    """What the one QR code of the picture says."""
    return text_seen(_painted(svg))


def text_seen(pixels: memoryview) -> str:
    """What the one QR code says that is to be seen: rows of grey pixels, a byte each."""
    (result,) = zxingcpp.read_barcodes(pixels)
    assert result.format is zxingcpp.BarcodeFormat.QRCode
    return result.text


def _painted(svg: str) -> memoryview:
    """The picture's strokes, each a module high, black on white: a byte a pixel."""
    box, strokes = _VIEW_BOX.search(svg), _STROKES.search(svg)
    assert box is not None, svg
    assert strokes is not None, svg
    rows = [bytearray(b"\xff" * int(box[1])) for _ in range(int(box[2]))]
    x, y = 0, 0.0
    for step, first, second in _STEP.findall(strokes[1]):
        if step == "h":
            rows[int(y)][x : x + int(first)] = bytes(int(first))
            x += int(first)
        elif step == "M":
            x, y = int(first), float(second)
        else:
            x, y = x + int(first), y + float(second)
    scale = _PIXELS_PER_MODULE
    pixels = b"".join(bytes(each for each in row for _ in range(scale)) * scale for row in rows)
    return memoryview(pixels).cast("B", [len(rows) * scale, len(rows[0]) * scale])
