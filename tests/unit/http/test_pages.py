"""The pages and their files as a browser gets them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files

import httpx
import pytest
from typing_extensions import override

from onsale.web.site import PAGES, Site
from tests.support.http_api import HttpApi

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BYTES_MAX = 110_000
IDS = {
    "event_id": "7",
    "section": "A-1",
    "subsection": "2",
    "booking_id": "0197b0a4-0000-7000-8000-000000000001",
}
ADDRESSES = [page.path.format(**IDS) for page in PAGES]
SITE = Site()
IMPORTS = re.compile(r'^import [^;]* from "([^"]+)"', re.MULTILINE)


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.links: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        loads = tag in {"script", "img", "link"}
        self.links += [value or "" for name, value in attrs if loads and name in {"src", "href"}]


def sources(html: str) -> _Sources:
    parser = _Sources()
    parser.feed(html)
    return parser


def static_sources() -> Iterator[tuple[str, str]]:
    for file in files("onsale.web").joinpath("static").iterdir():
        yield file.name, file.read_text(encoding="utf-8")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_page_loads_its_own_files_and_no_others(
    anyone: httpx.AsyncClient, address: str
) -> None:
    page = await anyone.get(address, headers=BROWSER)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    found = sources(page.text)
    assert found.inline == []
    assert len(found.links) > 5
    # What a module needs is named at once, not found one module after the other.
    scripts = {link.rpartition("/")[2] for link in found.links if link.endswith(".js")}
    for name, text in static_sources():
        if name in scripts:
            assert {one.removeprefix("./") for one in IMPORTS.findall(text)} <= scripts
    for link in found.links:
        assert link.startswith("/static/")
        assert (await anyone.get(link)).status_code == 200, link


async def test_the_policy_allows_nothing_inline_and_nobody_else(anyone: httpx.AsyncClient) -> None:
    policy = (await anyone.get("/")).headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy


@pytest.mark.parametrize("address", [*ADDRESSES, "/nowhere", "/docs"])
async def test_only_the_door_may_ask_for_a_camera(anyone: httpx.AsyncClient, address: str) -> None:
    page = await anyone.get(address, headers=BROWSER)

    camera, *others = page.headers["permissions-policy"].split(", ")
    assert camera == ("camera=(self)" if address.startswith("/door/") else "camera=()")
    assert others == ["microphone=()", "geolocation=()"]


async def test_files_are_kept_for_good_under_the_address_of_their_version(
    anyone: httpx.AsyncClient,
) -> None:
    now = await anyone.get(f"/static/{SITE.version}/style.css")
    before = await anyone.get("/static/0123456789abcdef/style.css")

    assert now.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert before.headers["cache-control"] == "no-cache"
    assert now.text == before.text
    assert now.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("address", ["/", f"/static/{SITE.version}/api.js"])
async def test_what_a_browser_has_is_not_sent_again(
    anyone: httpx.AsyncClient, address: str, encoding: str
) -> None:
    anyone.headers["accept-encoding"] = encoding
    first = await anyone.get(address)
    tag = first.headers["etag"]
    again = await anyone.get(address, headers={"If-None-Match": f'"other", W/{tag}'})
    other = await anyone.get(address, headers={"If-None-Match": '"other"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    for header in ("cache-control", "vary"):
        assert again.headers[header] == first.headers[header]
    assert other.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/static/x/none.js",
        f"/static/{SITE.version}/..%2fsite.py",
        "/static/style.css",
        "/events/abc",
        "/events/7/A/two",
        "/events/7/%ff/1",
        "/events/7/A B/1",
        "/bookings/not-an-id",
        "/nothing",
    ],
)
async def test_people_are_told_in_a_page_that_there_is_nothing(
    anyone: httpx.AsyncClient, address: str
) -> None:
    page = await anyone.get(address, headers=BROWSER)
    program = await anyone.get(address, headers={"Accept": "*/*"})
    head = await anyone.head(address, headers=BROWSER)

    assert (page.status_code, program.status_code, head.status_code) == (404, 404, 404)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert int(page.headers["content-length"]) == len(page.content)
    assert "<h1>Nothing here</h1>" in page.text
    assert sources(page.text).inline == []
    assert program.json()["code"] == "NOT_FOUND"
    assert head.content == b""


@pytest.mark.parametrize("address", ["/api/event/999", "/api/nothing", "/openapi.json/x"])
async def test_programs_are_told_in_problem_documents_whatever_they_accept(
    anyone: httpx.AsyncClient, address: str
) -> None:
    answer = await anyone.get(address, headers=BROWSER)

    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_that_cannot_be_made_is_refused_in_a_page(
    api: HttpApi, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "onsale.service.ticketing.driving_adapter.http_controller.pages_controller"
        ".document_response",
        None,
    )

    answer = await anyone.get("/", headers=BROWSER)

    assert answer.status_code == 500
    assert "<h1>Internal error</h1>" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_problem_page_shows_texts_as_texts() -> None:
    page = SITE.problem_page(404, "<script>", "a & b $title").decode()

    assert "<h1>&lt;script&gt;</h1>" in page
    assert "a &amp; b $title" in page


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_a_page_with_all_that_it_loads_is_light(path: str) -> None:
    page = SITE.page(path).content
    names = {link.rpartition("/")[2] for link in sources(page.decode()).links}
    # Of the pictures that the style names.
    names |= {name for name in SITE.assets if name.endswith(".svg")}

    assert len(page) + sum(len(SITE.assets[name].content) for name in names) < BYTES_MAX


def test_modules_are_there_and_import_what_is_there() -> None:
    scripts = {name: text for name, text in static_sources() if name.endswith(".js")}
    assert {f"{page.module}.js" for page in PAGES} <= scripts.keys()
    for name, text in scripts.items():
        for imported in IMPORTS.findall(text):
            assert imported.removeprefix("./") in scripts, (name, imported)


@pytest.mark.parametrize(("name", "text"), sorted(static_sources()))
def test_texts_never_become_markup_and_nothing_comes_from_elsewhere(name: str, text: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.findall(forbidden, text), name
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}, name
