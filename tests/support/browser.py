"""A browser and its windows. Whatever a window does is watched: an uncaught error, a violated
policy or a request to another host fails the test, whichever it is.
"""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    async_playwright,
    expect,
)

from tests.servers.protocol import PROJECT
from tests.support.missing import is_missing
from tests.support.visitors import Buyer, JsonObject, Member

SCREENSHOTS = PROJECT / ".cache" / "screenshots"
WAIT_MILLISECONDS_MAX = 15_000
DESKTOP, PHONE = (1280, 860), (390, 844)
_SESSION_COOKIE = "onsale_session"
_WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
});
"""
# Of WCAG 2.0 to 2.2 the rules of A and AA, and what axe advises beyond.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EVERYTHING = {"runOnly": {"type": "tag", "values": _RULES}}
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# A finger needs 44 pixels; for a pointer WCAG asks for 24.
_TARGET_PIXELS = {DESKTOP: 24, PHONE: 44}
_TOO_SMALL = """
(least) => [...document.querySelectorAll("a, button, input, select, summary, textarea, .choice")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, .skip"))
  // A link in a sentence may be as high as its line; a card or a label is clicked as a whole.
  .filter((one) => !one.matches("p a, .card a, label input"))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => Math.min(box.width, box.height) < least - 0.5)
  .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
"""
_KEEP_WHAT_IS_SAID = """
() => {
  window.said = [];
  const place = document.querySelector(".unseen[role=status]");
  new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
}
"""
# Browsers know how to read the pictures that they take.
_GREY = """
async (picture) => {
  const image = await createImageBitmap(new Blob([new Uint8Array(picture)]));
  const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const colours = pen.getImageData(0, 0, image.width, image.height).data;
  return [image.width, Array.from(colours.filter((_, index) => index % 4 === 1))];
}
"""

Theme = Literal["light", "dark"]


def chromium(*, whole: bool) -> str:
    """Where the browser is; without one the test is skipped, except in CI, where that fails.
    What has no windows draws pages as the ``whole`` does for half the work, but has no camera and
    keeps no pages to go back to.
    """
    programs = ["chromium"] if whole else ["chromium-headless-shell", "chromium"]
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        is_missing("chromium; `make chromium` tells how to get it")
    return found


@asynccontextmanager
async def running_browser(
    *options: str, ignored: Sequence[str] = (), whole: bool = False
) -> AsyncIterator[Browser]:
    """A browser without a screen; ``options`` are of its command line, ``ignored`` those that it is
    usually started with and here is not; ``whole`` as people have it.
    """
    # Its own five seconds are less than the service may take on a busy machine.
    expect.set_options(timeout=WAIT_MILLISECONDS_MAX)
    executable = chromium(whole=whole)
    # Root has no user namespaces to be locked into.
    arguments = [*options, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=arguments, ignore_default_args=list(ignored)
        )
        try:
            yield browser
        finally:
            await browser.close()


# Without slots: Playwright leaves marks on an object whose methods it calls.
@dataclass
class Windows:
    """Opens windows, and knows what has gone wrong in any of them."""

    browser: Browser
    base_url: str
    faults: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    async def open(
        self,
        member: Member | None = None,
        *,
        size: tuple[int, int] = DESKTOP,
    ) -> Page:
        """A window of somebody's own browser, who is signed in if they are a member."""
        width, height = size
        context = await self.browser.new_context(
            base_url=self.base_url,
            color_scheme="light",
            viewport={"width": width, "height": height},
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            reduced_motion="reduce",
        )
        context.set_default_timeout(WAIT_MILLISECONDS_MAX)
        await context.add_init_script(_WATCH_POLICY)
        if member is not None:
            await context.add_cookies(
                [
                    {
                        "name": _SESSION_COOKIE,
                        "value": member.token,
                        "url": self.base_url,
                        "httpOnly": True,
                        "sameSite": "Lax",
                    }
                ]
            )
        self._contexts.append(context)
        context.on("page", self._watch)
        return await context.new_page()

    async def close(self) -> None:
        """Close them all; nothing may have gone wrong in any."""
        for context in self._contexts:
            await context.close()
        assert not self.faults, "\n".join(self.faults)

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._hear(page, message))
        page.on("request", self._see)

    def _hear(self, page: Page, message: ConsoleMessage) -> None:
        # A refusal is an answer too, but the browser notes every one of them as an error.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{page.url}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith(self.base_url):
            self.faults.append(f"asked another host: {request.url}")


async def faults_in_both_themes(page: Page, name: str, *, judge: bool = True) -> list[str]:
    """What keeps people from using the page as it stands, a line each; pictures of it are kept.
    Without ``judge`` only its measures are looked at.
    """
    size = page.viewport_size
    assert size is not None
    is_phone = (size["width"], size["height"]) == PHONE
    device = "phone" if is_phone else "desktop"
    least = _TARGET_PIXELS[PHONE if is_phone else DESKTOP]
    found = [f"too small: {one}" for one in await page.evaluate(_TOO_SMALL, least)]
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found += [f"{wide} pixels too wide"] if wide > 0 else []
    themes: tuple[tuple[Theme, object], ...] = (("light", _EVERYTHING), ("dark", _CONTRAST))
    for theme, options in themes:
        # Both have the same elements; only their colours differ.
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"{name}-{theme}-{device}")
        if judge:
            found += [f"{theme}: {fault}" for fault in await _axe_faults(page, options)]
    await page.emulate_media(color_scheme="light")
    return found


async def _axe_faults(page: Page, options: object) -> list[str]:
    results = await Axe().run(page, options=options)
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in results.response["violations"]
        for node in fault["nodes"]
    ]


async def ask_for_nothing_at_intervals(page: Page) -> None:
    """From its next load on the page hears of changes by streams alone."""
    await page.add_init_script("window.setInterval = () => 0")


async def ask_when_told(page: Page) -> None:
    """From its next load on the page asks for what it asks for at intervals of seconds only when
    a test calls its ``askAtInterval()``.
    """
    await page.add_init_script(
        "window.setInterval ="
        " (work, every) => { if (every > 1000) window.askAtInterval = work; return 0; }"
    )


async def be_answered_late(page: Page) -> list[str]:
    """The first seat map with a held seat comes as the one before it was; returns those that were
    held back, once they have been.
    """
    before, held_back = "", list[str]()

    async def answer(route: Route) -> None:
        nonlocal before
        response = await route.fetch()
        body = await response.text()
        if '"reserved"' in body and not held_back:
            held_back.append(body)
            body = before
        before = body
        await route.fulfill(response=response, body=body)

    await page.route("**/seats", answer)
    return held_back


async def be_refused_at_once(page: Page, other: Buyer, order: JsonObject, code: str) -> None:
    """The next order of the page is sent when the service has just refused this one, so that it is
    refused before anything is queued: what the service knows of seats it may soon know no more.
    """

    async def send(route: Route) -> None:
        await other.asks_until_refused(order, code)
        await route.continue_()

    await page.route("**/api/booking", send, times=1)


async def keep_what_is_said(page: Page) -> None:
    """From now on ``said`` in the page has what is told to those who do not see it."""
    await page.evaluate(_KEEP_WHAT_IS_SAID)


async def pixels_of(element: Locator) -> memoryview:
    """What is to be seen of an element: rows of grey pixels, a byte each."""
    picture = await element.screenshot()
    width, greys = await element.page.evaluate(_GREY, list(picture))
    return memoryview(bytes(greys)).cast("B", [len(greys) // width, width])


async def screenshot(page: Page, name: str) -> Path:
    """Keep what the page looks like, for people to see."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=path)
    return path


async def set_clock_wrong(page: Page, by_seconds: int) -> None:
    """Let the clock of pages that are opened from now on be fast, or slow if negative."""
    await page.add_init_script(
        "{ const rightly = Date.now.bind(Date);"
        f" Date.now = () => rightly() + {by_seconds * 1_000}; }}"
    )


async def unfold(page: Page, *headings: str) -> None:
    """Open the parts of a page that stand folded below these headings."""
    for heading in headings:
        await page.get_by_role("heading", name=heading).click()


async def describe_event(page: Page) -> None:
    """Fill in what the form of a new event cannot do without."""
    await page.get_by_label("Name", exact=True).fill("Spring Gala")
    await page.get_by_label("Venue").fill("Town Hall")
