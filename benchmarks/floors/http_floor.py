"""The least that a request costs here: the API of ``onsale`` with one more call that does nothing.

    python -m benchmarks.floors.http_floor PORT           # server, middleware, session, body, model
    python -m benchmarks.floors.http_floor PORT --bare    # the framework alone

Takes its settings from the environment, as ``onsale api`` does.
"""

import argparse
from functools import partial

import uvicorn
from fastapi import FastAPI, Response
from starlette.requests import Request

from onsale.bootstrap import run_role
from onsale.bootstrap_api import run_api
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import read_json
from onsale.service.ticketing.driving_adapter.http_controller.json_response import JsonResponse
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    Answer,
    DirectRoute,
    Operation,
)
from onsale.service.ticketing.driving_adapter.schema.booking_schema import CreateBookingRequest
from onsale.settings import ApiSettings

PATH = "/api/floor"
ACCEPTED = 202
ANSWER = {"status": "processing"}


def extend(app: FastAPI, services: HttpServices) -> None:
    """Add the call: it knows who asks and what for, and answers."""
    authenticator = Authenticator(services.tokens)

    async def floor(request: Request) -> Response:
        await authenticator.require(request, UserRole.BUYER)
        (await read_json(request, CreateBookingRequest)).to_request()
        return JsonResponse(ANSWER, ACCEPTED)

    # Documented, since what is not has no deadline around it; and first, as the busiest are.
    operation = Operation(
        summary="Nothing", tag="floor", answers={ACCEPTED: Answer(description="")}
    )
    app.router.routes.insert(0, DirectRoute("POST", PATH, floor, operation))


def bare_app() -> FastAPI:
    """The same call as a newcomer to the framework would write it, without a session."""
    app = FastAPI(openapi_url=None)

    @app.post(PATH, status_code=ACCEPTED)
    async def floor(_order: CreateBookingRequest) -> dict[str, str]:
        return ANSWER

    return app


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="The floor that bookings are measured against.")
    parser.add_argument("port", type=int)
    parser.add_argument("--bare", action="store_true", help="the framework alone")
    options = parser.parse_args()
    if options.bare:
        uvicorn.run(
            bare_app(), port=options.port, access_log=False, log_config=None, lifespan="off"
        )
        return
    settings = ApiSettings().model_copy(update={"port": options.port})
    run_role(partial(run_api, extend=extend), "floor", settings)


if __name__ == "__main__":
    main()
