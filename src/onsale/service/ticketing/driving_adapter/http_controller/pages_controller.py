"""The web pages and their static files. What is on a page its own modules ask of the API."""

from collections.abc import Sequence
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.domain.value_object.seating_config import SECTION_NAME
from onsale.service.ticketing.driving_adapter.http_controller import browser_features
from onsale.service.ticketing.driving_adapter.http_controller.compression import (
    document_response,
)
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    DirectRoute,
    Endpoint,
)
from onsale.web.site import CACHE_CHECKED, CACHE_FOREVER, PAGES, STATIC_PATH, Page, Site


class PagesController:
    """Answers from memory; it waits for no store."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> Sequence[DirectRoute]:
        """The addresses; they are not in the documentation of the API."""
        return (
            *(DirectRoute("GET", page.path, self._endpoint(page)) for page in PAGES),
            DirectRoute("GET", f"{STATIC_PATH}/{{version}}/{{asset}}", self.asset),
        )

    async def asset(self, request: Request) -> Response:
        """A static file. An address of another version, which a page has that another process made
        before or after an update, gets the file of this one, and is not kept.
        """
        document = self._site.assets.get(request.path_params["asset"])
        if document is None:
            raise HTTPException(status_code=404)
        is_current = request.path_params["version"] == self._site.version
        return document_response(request, document, CACHE_FOREVER if is_current else CACHE_CHECKED)

    def _endpoint(self, page: Page) -> Endpoint:
        document = self._site.page(page.path)
        features = browser_features.CAMERA if page.uses_camera else browser_features.NOTHING

        async def endpoint(request: Request) -> Response:
            if not all(_may_exist(*parameter) for parameter in request.path_params.items()):
                raise HTTPException(status_code=404)
            response = document_response(request, document, CACHE_CHECKED)
            response.headers[browser_features.NAME] = features
            return response

        return endpoint


def _may_exist(name: str, text: str) -> bool:
    """Whether a part of an address has the form of what it stands for."""
    if name == "booking_id":
        try:
            return str(UUID(text)) == text.lower()
        except ValueError:
            return False
    if name == "section":
        return SECTION_NAME.fullmatch(text) is not None
    return text.isascii() and text.isdecimal()
