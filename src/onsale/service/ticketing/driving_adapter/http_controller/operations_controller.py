"""For those who run the service: is it alive, is it ready, how busy is it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from onsale.platform.exceptions import SchemaBehindError, UnavailableError
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.observability.discreet_errors import discreet_name
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_response import JsonResponse
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    Answer,
    DirectRoute,
    Operation,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem import (
    RETRY_AFTER_SECONDS,
    problem_document,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import PROBLEMS
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RouteNotFoundError,
)
from onsale.service.ticketing.driving_adapter.schema.operations_schema import (
    AliveBody,
    ReadyBody,
)

TAG = "operations"
CHECK_SECONDS_MAX = 1.5
# What every proxy adds that says where a request comes from, as those of ours must.
_FORWARDED = frozenset({"x-forwarded-for", "forwarded"})

ALIVE = Operation(
    summary="Whether the process runs",
    tag=TAG,
    answers={200: Answer(description="It does", schema=AliveBody)},
    needs_database=False,
)
READY = Operation(
    summary="Whether everything that it needs can be reached",
    description="Otherwise `503`, with what is away, or too old a schema, in `down`.",
    tag=TAG,
    answers={200: Answer(description="It can", schema=ReadyBody)},
    needs_database=False,
)
METRICS = Operation(
    summary="Counters and timings for Prometheus",
    description="Not through a proxy: what has `X-Forwarded-For` or `Forwarded` gets `404`.",
    tag=TAG,
    answers={200: Answer(description="Text", schema=str, media_type="text/plain")},
    problems=(RouteNotFoundError,),
    needs_database=False,
)


class OperationsController:
    """Probes and metrics."""

    def __init__(self, services: HttpServices) -> None:
        self._services = services
        self._asking: asyncio.Task[dict[str, Exception]] | None = None
        self._logs: defaultdict[str, OccasionalLog] = defaultdict(OccasionalLog)

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        return (
            DirectRoute("GET", "/livez", self.livez, ALIVE),
            DirectRoute("GET", "/readyz", self.readyz, READY),
            DirectRoute("GET", "/metrics", self.metrics, METRICS),
        )

    async def livez(self, _: Request) -> Response:
        """The process answers, so it lives; what it depends on may not."""
        return JsonResponse(AliveBody("alive", self._services.version))

    async def readyz(self, _: Request) -> Response:
        """Ask every dependency, all at once, and once for all who want to know."""
        checks = self._services.readiness
        if self._services.shutdown.is_set():
            down: dict[str, Exception] = {"server": UnavailableError("server")}
        else:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._what_is_down())
            down = await asyncio.shield(self._asking)
        if not down:
            return JsonResponse(ReadyBody("ready", dict.fromkeys(checks, "up")))
        return problem_document(
            PROBLEMS[UnavailableError],
            _told(down),
            {"down": list(down)},
            {"retry-after": str(RETRY_AFTER_SECONDS)},
        )

    async def metrics(self, request: Request) -> Response:
        """What the process has counted, for those who stand beside it: whoever comes through a
        proxy comes from outside, however the path was written for the proxy to let it pass.

        Raises:
            RouteNotFoundError: the request was forwarded.
        """
        if not _FORWARDED.isdisjoint(request.headers):
            raise RouteNotFoundError
        return Response(
            generate_latest(self._services.metrics),
            headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"},
        )

    async def _what_is_down(self) -> dict[str, Exception]:
        checks = self._services.readiness
        answers = await asyncio.gather(*(self._fault_of(*check) for check in checks.items()))
        return {
            name: fault for name, fault in zip(checks, answers, strict=True) if fault is not None
        }

    async def _fault_of(
        self, name: str, check: Callable[[], Awaitable[object]]
    ) -> Exception | None:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not usable
            self._logs[name].warning("not_ready", dependency=name, error=discreet_name(error))
            return error
        return None


def _told(down: Mapping[str, Exception]) -> str:
    """What is wrong, by name: what an error says may tell addresses."""
    behind = [error for error in down.values() if isinstance(error, SchemaBehindError)]
    away = [name for name, error in down.items() if error not in behind]
    return " ".join([*([f"Away: {', '.join(away)}."] if away else []), *map(str, behind)])
