"""The pages and the files that they load: read once from the package, ready to be sent."""

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template
from typing import NamedTuple

STATIC_PATH = "/static"
"""Files stand below this and the version of all of them."""
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_CHECKED = "no-cache"
_DIGEST_BYTES = 8
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HTML = "text/html; charset=utf-8"
_IMPORT = re.compile(r'^import [^;]* from "\./([\w-]+\.js)";$', re.MULTILINE)


class Page(NamedTuple):
    """A page: its address, what its tab says while it loads, the module that fills it, and whether
    that may ask for the camera.
    """

    path: str
    title: str
    module: str
    uses_camera: bool = False


PAGES = (
    Page("/", "Events", "events"),
    Page("/sign-in", "Sign in", "sign-in"),
    Page("/events/{event_id}", "Event", "event"),
    Page("/events/{event_id}/{section}/{subsection}", "Choose seats", "seats"),
    Page("/bookings", "My bookings", "bookings"),
    Page("/bookings/{booking_id}", "Booking", "booking"),
    Page("/sell", "Your events", "sell"),
    Page("/sell/new", "New event", "sell-new"),
    Page("/sell/webhooks", "Webhooks", "sell-webhooks"),
    Page("/sell/events/{event_id}", "Your event", "sell-event"),
    Page("/door/{event_id}", "Door", "door", uses_camera=True),
)


@dataclass(frozen=True, slots=True)
class Document:
    """Something to send, as it is and, where that is shorter, with ``gzip``. The tags are quoted:
    each encoding has its own, or a cache could make one of parts of both.
    """

    content: bytes
    gzip: bytes | None
    media_type: str
    etag: str
    gzip_etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Document":
        """The document with what follows from its content."""
        digest = _digest(content)
        compressed = gzip.compress(content, mtime=0)
        shorter = compressed if len(compressed) < len(content) else None
        return cls(content, shorter, media_type, f'"{digest}"', f'"{digest}-gzip"')


class Site:
    """Everything in memory. A file's address holds the version of all files, so a browser may keep
    it for good, and modules find each other by relative addresses.
    """

    def __init__(self) -> None:
        root = files("onsale.web")
        contents = dict(_static_files(root.joinpath("static")))
        joined = b"".join(
            b"%b\0%b\0" % (name.encode(), contents[name]) for name in sorted(contents)
        )
        self.version = _digest(joined)
        self._assets = {
            name: Document.of(content, _MEDIA_TYPES[_ending(name)])
            for name, content in contents.items()
        }
        self._frame = _template(root, "frame.html")
        self._problem = _template(root, "problem.html")
        self._base = f"{STATIC_PATH}/{self.version}"
        main = _template(root, "page.html").substitute()
        self._pages = {
            page.path: Document.of(
                self._framed(page.title, main, self._modules(f"{page.module}.js", contents)), _HTML
            )
            for page in PAGES
        }

    @property
    def assets(self) -> Mapping[str, Document]:
        """The files by name."""
        return self._assets

    def page(self, path: str) -> Document:
        """The page of one of ``PAGES``."""
        return self._pages[path]

    def problem_page(self, status: int, title: str, detail: str) -> bytes:
        """What a person sees of a refusal; both texts may hold anything."""
        texts = {"title": escape(title), "detail": escape(detail), "status": str(status)}
        return self._framed(texts["title"], self._problem.substitute(texts))

    def _framed(self, title: str, main: str, modules: str = "") -> bytes:
        return self._frame.substitute(
            base=self._base, title=title, main=main, modules=modules
        ).encode()

    def _modules(self, name: str, contents: Mapping[str, bytes]) -> str:
        """The elements that load a page's module and, at the same time, what it needs."""
        needed = sorted(_modules_of(name, contents) - {name})
        preloads = [f'<link rel="modulepreload" href="{self._base}/{each}">' for each in needed]
        script = f'<script type="module" src="{self._base}/{name}"></script>'
        return "".join(f"{line}\n" for line in (*preloads, script))


def _static_files(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for file in folder.iterdir():
        if _ending(file.name) in _MEDIA_TYPES:
            yield file.name, file.read_bytes()


def _modules_of(name: str, contents: Mapping[str, bytes]) -> set[str]:
    """The module and all that it needs: named in the page, they come at once instead of one after
    the other.
    """
    found, unread = {name}, [name]
    while unread:
        for imported in _IMPORT.findall(contents[unread.pop()].decode()):
            if imported not in found:
                found.add(imported)
                unread.append(imported)
    return found


def _template(root: Traversable, name: str) -> Template:
    return Template(root.joinpath("templates", name).read_text(encoding="utf-8"))


def _ending(name: str) -> str:
    return name[name.rfind(".") :]


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
