"""What is sent compressed: files, and large answers that are the same for everybody.

Nothing that is somebody's own is, and no stream: where a secret is compressed together with text of
somebody else's choice, the length of the answer tells of the secret (BREACH).
"""

from functools import lru_cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from onsale.service.ticketing.driving_adapter.http_controller.json_response import (
    CONTENT_TYPE,
    NO_STORE,
    EncodedResponse,
    JsonResponse,
)
from onsale.service.ticketing.driving_adapter.http_controller.recent_answers import RecentAnswer
from onsale.service.ticketing.driving_adapter.http_controller.request_values import header_of
from onsale.web.site import Document

# Nearly all clients send one of a few.
ACCEPTED_REMEMBERED_COUNT_MAX = 64
ACCEPTED_LENGTH_MAX = 1_000
_VARY = (b"vary", b"accept-encoding")
_GZIP = (b"content-encoding", b"gzip")


def takes_gzip(scope: Scope) -> bool:
    """Whether whoever asks can read gzip."""
    accepted = header_of(scope, b"accept-encoding") or ""
    return len(accepted) <= ACCEPTED_LENGTH_MAX and _names_gzip(accepted)


@lru_cache(ACCEPTED_REMEMBERED_COUNT_MAX)
def _names_gzip(accepted: str) -> bool:
    weights: dict[str, bool] = {}
    for item in accepted.lower().split(","):
        coding, _, weight = item.partition(";")
        quality = weight.partition("=")[2].strip() or "1"
        weights[coding.strip()] = quality.strip("0.") != ""
    return weights.get("gzip", weights.get("*", False))


def document_response(request: Request, document: Document, cache_control: str) -> Response:
    """A file, unless whoever asks has it already; each encoding has a tag of its own."""
    compressed = document.gzip if takes_gzip(request.scope) else None
    etag = document.etag if compressed is None else document.gzip_etag
    headers = {"cache-control": cache_control, "etag": etag, "vary": "accept-encoding"}
    # Browsers weaken or repeat it, and proxies add to it: it is enough that it is among them.
    if etag in (header_of(request.scope, b"if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    if compressed is not None:
        headers["content-encoding"] = "gzip"
    content = document.content if compressed is None else compressed
    return Response(content, headers=headers, media_type=document.media_type)


async def shared_json_response(request: Request, answer: RecentAnswer) -> Response:
    """An answer that is the same for everybody."""
    if not answer.is_large:
        return JsonResponse(msgspec.Raw(answer.body))
    if not takes_gzip(request.scope):
        return JsonResponse(msgspec.Raw(answer.body), 200, [_VARY])
    headers = (CONTENT_TYPE, NO_STORE, _VARY, _GZIP)
    return EncodedResponse(await answer.gzip(), 200, headers)
