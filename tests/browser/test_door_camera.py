"""A door reads tickets with a camera: a picture that the browser takes for what its camera sees.

Debian's chromium has no ``BarcodeDetector``. Here a reader of our own stands in for it, which looks
at what the page gives it; all else is as it is.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import segno
import zxingcpp
from playwright.async_api import Page, expect

from tests.support.browser import (
    Windows,
    faults_in_both_themes,
    running_browser,
    screenshot,
)
from tests.support.onsale_up import OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, Seller

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDTH, HEIGHT = 320, 240
PIXELS_PER_MODULE = 5
LOOKS_MORE = 3
LOOKING_SECONDS_MAX = 60.0
# What browsers with a detector of their own have, on a reader outside of the page.
_DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) {
    const pen = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext("2d");
    pen.drawImage(video, 0, 0);
    const colours = pen.getImageData(0, 0, video.videoWidth, video.videoHeight).data;
    const greys = Array.from(colours.filter((_, index) => index % 4 === 1));
    const bright = greys.map((grey) => Number(grey > 127));
    const texts = await window.readCodes(video.videoWidth, bright.join(""));
    return texts.map((rawValue) => ({ rawValue }));
  }
};
"""


class Reader:
    """Reads the codes in pictures, and knows how many it has looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def read(self, width: int, bright: str) -> list[str]:
        """The codes in a picture: for each pixel, row by row, 1 if it is bright and 0 if not."""
        self.looks += 1
        greys = bytes(255 * int(pixel) for pixel in bright)
        pixels = memoryview(greys).cast("B", [len(greys) // width, width])
        return [one.text for one in zxingcpp.read_barcodes(pixels)]


def write_film(path: Path, code: str) -> None:
    """A film in which nothing happens: a code, in the middle of white."""
    modules = [list(row) for row in segno.make_qr(code).matrix_iter(scale=PIXELS_PER_MODULE)]
    top, left = (HEIGHT - len(modules)) // 2, (WIDTH - len(modules)) // 2
    picture = bytearray(b"\xeb" * (WIDTH * HEIGHT))
    for row, line in enumerate(modules, start=top):
        start = row * WIDTH + left
        picture[start : start + len(line)] = bytes(0x10 if dark else 0xEB for dark in line)
    frame = b"FRAME\n" + picture + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420\n" % (WIDTH, HEIGHT) + 2 * frame)


@pytest_asyncio.fixture(loop_scope="session")
async def event_and_code(seller: Seller, buyer: Buyer) -> tuple[int, str]:
    """An event, and the code of the ticket to its row 2, seat 3."""
    event_id = await seller.open_event()
    held = await buyer.hold(event_id, "2-3")
    assert (await buyer.pay(held["id"])).status_code == 200
    (ticket,) = (await buyer.booking(held["id"]))["tickets"]
    return event_id, ticket["code"]


@pytest_asyncio.fixture(loop_scope="session")
async def windows_with_camera(
    system: OnsaleUp, event_and_code: tuple[int, str], tmp_path: Path
) -> AsyncIterator[Windows]:
    """Windows of a browser whose camera sees the code."""
    film = tmp_path / "code.y4m"
    write_film(film, event_and_code[1])
    async with running_browser(
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
        whole=True,
    ) as browser:
        windows = Windows(browser, system.base_url)
        yield windows
        await windows.close()


async def opened(page: Page, event_id: int, read: Callable[[int, str], list[str]]) -> None:
    await page.expose_function("readCodes", read)
    await page.add_init_script(_DETECTOR)
    await page.goto(f"/door/{event_id}")


async def test_a_door_lets_in_once_whose_code_its_camera_sees(
    windows_with_camera: Windows, seller: Seller, event_and_code: tuple[int, str]
) -> None:
    event_id, _ = event_and_code
    reader, asked = Reader(), list[str]()
    page = await windows_with_camera.open(seller)
    await page.context.grant_permissions(["camera"])
    page.on(
        "request", lambda one: asked.append(one.url) if one.url.endswith("/admission") else None
    )
    await opened(page, event_id, reader.read)
    answer, sight = page.locator(".door-answer"), page.get_by_label("What the camera sees")
    await page.get_by_role("button", name="Use the camera").click()
    await expect(answer).to_contain_text("A 1, row 2, seat 3")
    await expect(page.get_by_text("1 let in from here")).to_be_visible()
    await expect(sight).to_be_visible()
    faults = await faults_in_both_themes(page, "door-camera")
    assert not faults, "\n".join(faults)

    # It stays before the camera for a while, and is asked for no second time.
    enough = reader.looks + LOOKS_MORE

    async def looks() -> int:
        return reader.looks

    await wait_for(looks, lambda count: count > enough, seconds_max=LOOKING_SECONDS_MAX)
    assert len(asked) == 1
    tracks = await sight.evaluate_handle("one => one.srcObject.getTracks()")
    await page.get_by_role("button", name="Stop the camera").click()
    await expect(sight).to_have_count(0)
    assert await tracks.evaluate("all => all.map((one) => one.readyState)") == ["ended"]
    await expect(page.get_by_role("button", name="Use the camera")).to_be_focused()

    await page.get_by_role("button", name="Use the camera").click()
    await expect(answer).to_contain_text("Already inside")
    assert len(asked) == 2


async def test_a_camera_that_may_not_be_used_is_told_and_codes_can_be_typed(
    windows_with_camera: Windows, seller: Seller, event_and_code: tuple[int, str]
) -> None:
    event_id, code = event_and_code
    page = await windows_with_camera.open(seller)
    await opened(page, event_id, Reader().read)
    await page.get_by_role("button", name="Use the camera").click()
    await expect(page.get_by_text("The camera may not be used.")).to_be_visible()
    await page.get_by_label("Ticket code").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator(".door-answer")).to_contain_text("A 1, row 2, seat 3")


async def test_other_pages_are_given_no_camera(
    windows_with_camera: Windows, seller: Seller, event_and_code: tuple[int, str]
) -> None:
    page = await windows_with_camera.open(seller)
    await page.context.grant_permissions(["camera"])
    event_id, _ = event_and_code
    for path, given in (
        (f"/sell/events/{event_id}", "NotAllowedError"),
        (f"/events/{event_id}", "NotAllowedError"),
        (f"/door/{event_id}", ""),
    ):
        await page.goto(path)
        refused = await page.evaluate(
            "() => navigator.mediaDevices.getUserMedia({ video: true })"
            ".then(() => '', (error) => error.name)"
        )
        assert refused == given, path
    # The browser tells of each in its console, where else nothing may stand.
    told = [*windows_with_camera.faults]
    windows_with_camera.faults.clear()
    assert len(told) == 2
    assert all("camera is not allowed" in one for one in told), told


async def test_a_browser_that_reads_no_codes_says_so(windows: Windows, seller: Seller) -> None:
    event_id = await seller.open_event()
    page = await windows.open(seller)
    await page.goto(f"/door/{event_id}")
    await expect(page.get_by_text("This browser cannot read codes with a camera.")).to_be_visible()
    await expect(page.get_by_role("button", name="Use the camera")).to_have_count(0)
    await screenshot(page, "door-without-camera")
