"""A browser and its windows. Whatever a window does is watched: an uncaught error, a violated
policy or a request to another host fails the test, whichever it is.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
)

from tests.servers.protocol import PROJECT
from tests.support.visitors import Member

SCREENSHOTS = PROJECT / ".cache" / "screenshots"
WAIT_MILLISECONDS_MAX = 15_000
DESKTOP, PHONE = (1280, 860), (390, 844)
_SESSION_COOKIE = "onsale_session"
_WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
});
"""
# What axe calls these are rules of WCAG 2.0 to 2.2, A and AA, and its advice on good practice.
_AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}

Theme = Literal["light", "dark"]


def chromium() -> str:
    """Where the browser is; without one the test is skipped, except in CI, where that fails."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium: `make chromium` tells how to get it")
        pytest.skip("there is no chromium: `make chromium` tells how to get it")
    return found


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A browser without a screen."""
    executable = chromium()
    # Root has no user namespaces to be locked into.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=arguments)
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
        theme: Theme = "light",
        size: tuple[int, int] = DESKTOP,
    ) -> Page:
        """A window of somebody's own browser, who is signed in if they are a member."""
        width, height = size
        context = await self.browser.new_context(
            base_url=self.base_url,
            color_scheme=theme,
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


async def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, a line each."""
    results = await Axe().run(page, options=_AXE_OPTIONS)
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in results.response["violations"]
        for node in fault["nodes"]
    ]


async def screenshot(page: Page, name: str) -> Path:
    """Keep what the page looks like, for people to see."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=path)
    return path
