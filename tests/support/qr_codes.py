"""Reads QR codes as a scanner does: from what is to be seen."""

import re

import numpy as np
import zxingcpp

_PIXELS_PER_MODULE = 8
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_STROKES = re.compile(r'<path stroke="#000" d="([^"]+)"')
_STEP = re.compile(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?")


def text_in(svg: str) -> str:
    """What the one QR code of the picture says."""
    (result,) = zxingcpp.read_barcodes(_painted(svg), formats=zxingcpp.BarcodeFormat.QRCode)
    return result.text


def _painted(svg: str) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """The picture's strokes, each a module high, black on white."""
    box, strokes = _VIEW_BOX.search(svg), _STROKES.search(svg)
    assert box is not None, svg
    assert strokes is not None, svg
    modules = np.full((int(box[2]), int(box[1])), 255, dtype=np.uint8)
    x, y = 0, 0.0
    for step, first, second in _STEP.findall(strokes[1]):
        if step == "h":
            modules[int(y), x : x + int(first)] = 0
            x += int(first)
        elif step == "M":
            x, y = int(first), float(second)
        else:
            x, y = x + int(first), y + float(second)
    return modules.repeat(_PIXELS_PER_MODULE, axis=0).repeat(_PIXELS_PER_MODULE, axis=1)
