"""A system under measurement: started as ``onsale up`` starts it, with buyers and halls."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import msgspec
import psutil

from benchmarks.load_process import LoadPlan, LoadReport
from benchmarks.processor_time import ProcessorTime
from onsale.platform.embedded.ports import free_port
from tests.support.onsale_up import ONSALE, Bus, OnsaleUp, clean_environment, data_directory
from tests.support.visitors import Buyer, Seller, connections, join_buyers, regular_hall

BUYER_COUNT = 50
SEATS_PER_ROW = 20
SETTLE_SECONDS_MAX = 300.0
OPEN_SECONDS_MAX = 300.0
SERVER_SECONDS_MAX = 30.0
HOLD_SECONDS = 7_200
POLL_SECONDS = 0.02
SETTINGS = {
    "ONSALE_RATE_LIMITS": "off",
    "ONSALE_LOG_LEVEL": "warning",
    # Workers that are made to stand still, so that work gathers, keep their partitions.
    "ONSALE_KAFKA_SESSION_SECONDS": "60",
}
# Every batch and group commit is one: a system that handles one message at a time.
ONE_BY_ONE = {
    "ONSALE_BATCH_COUNT_MAX": "1",
    "ONSALE_INTAKE_BATCH_COUNT_MAX": "1",
    "ONSALE_SEND_COUNT_MAX": "1",
}
API_CORE, OTHER_CORE = 0, 1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """Something else that answers requests, and its process."""

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """What it has spent so far."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system


@dataclass(slots=True)
class Sale:
    """Bookings on their way to the ledger: what the clients saw, and what became of them there.

    ``processor_us`` is what one booking cost each process, in microseconds; ``driver`` is the load.
    """

    count: int
    report: LoadReport
    statuses: dict[str, int]
    final_seconds: float
    processor_us: dict[str, float]

    @property
    def final_per_second(self) -> float:
        """From the first request to the last booking decided in PostgreSQL."""
        return self.count / self.final_seconds

    @property
    def system_us(self) -> float:
        """Microseconds of processor time a booking, the load left out."""
        return sum(us for name, us in self.processor_us.items() if name != "driver")


@dataclass(slots=True)
class Stage:
    """One running system, somebody who sells, and a crowd with sessions."""

    system: OnsaleUp
    http: httpx.AsyncClient
    ledger: "asyncpg.Pool[asyncpg.Record]"
    seller: Seller
    tokens: Sequence[str]
    say: Say
    _opened: list[int] = field(default_factory=list)

    async def open_hall(self, seat_count: int, subsection_count: int, **details: object) -> int:
        """An event on sale, of equal subsections with at least so many seats in all."""
        rows = -(-seat_count // (subsection_count * SEATS_PER_ROW))
        hall = regular_hall(rows=rows, cols=SEATS_PER_ROW, subsections=subsection_count)
        event_id = await self.seller.open_event(
            hall, hold_seconds=HOLD_SECONDS, seconds_max=OPEN_SECONDS_MAX, **details
        )
        self._opened.append(event_id)
        return event_id

    def plan(self, event_ids: Sequence[int], subsection_count: int, count: int) -> LoadPlan:
        """So many bookings of one seat, best available, of these events' subsections in turn."""
        orders = [
            Buyer.order(event_id, quantity=1, subsection=subsection)
            for subsection in range(1, subsection_count + 1)
            for event_id in event_ids
        ]
        bodies = [json.dumps(order) for order in orders]
        return LoadPlan(port=self.system.port, count=count, tokens=list(self.tokens), bodies=bodies)

    async def load(self, plan: LoadPlan, what: str, *, core: int | None = None) -> LoadReport:
        """Carry a plan out in a process of its own, pinned to ``core`` if there is one."""
        with TemporaryDirectory(prefix="onsale-load-") as directory:
            plan_path, report_path = (Path(directory) / name for name in ("plan", "report"))
            plan_path.write_bytes(msgspec.json.encode(plan))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.load_process", plan_path, report_path),
                stderr=subprocess.PIPE,
            )
            assert process.stderr is not None
            if core is not None:
                psutil.Process(process.pid).cpu_affinity([core])
            said = b""
            async for line in process.stderr:
                if line.strip().isdigit():
                    self.say(f"{what}: {int(line):,} of {plan.count:,}")
                else:
                    said += line
            if await process.wait() != 0:
                raise RuntimeError(f"the load ended: {said[-2_000:].decode(errors='replace')}")
            return msgspec.json.decode(report_path.read_bytes(), type=LoadReport)

    async def sell(
        self, plan: LoadPlan, event_ids: Sequence[int], what: str, *, core: int | None = None
    ) -> Sale:
        """Carry a plan of bookings out, and wait until the ledger has decided all of them."""
        spent = ProcessorTime(self.system)
        report = await self.load(plan, what, core=core)
        await self.settled(event_ids)
        seconds = spent.seconds()
        last = await self.last_decided_at(event_ids)
        accepted = report.statuses.get(httpx.codes.ACCEPTED, 0)
        each_us = 1e6 / max(accepted, 1)
        return Sale(
            count=accepted,
            report=report,
            statuses=await self.statuses(event_ids),
            final_seconds=max(last, report.ended_at) - report.began_at,
            processor_us={
                **{name: value * each_us for name, value in seconds.items()},
                "driver": report.processor_seconds * each_us,
            },
        )

    async def settled(self, event_ids: Sequence[int]) -> None:
        """Return once no booking of these events waits for its seats.

        Raises:
            TimeoutError: some still do.
        """
        await self.reach(
            "SELECT EXISTS (SELECT FROM booking WHERE command IS NOT NULL"
            " AND event_id = ANY($1::bigint[]))",
            list(event_ids),
            wanted=False,
        )

    async def reach(self, query: str, *arguments: object, wanted: object) -> None:
        """Ask until the answer is the wanted one."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while await self.ledger.fetchval(query, *arguments) != wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{query}: not {wanted} after {SETTLE_SECONDS_MAX:.0f} s")
            await asyncio.sleep(POLL_SECONDS)

    async def statuses(self, event_ids: Sequence[int]) -> dict[str, int]:
        """How many bookings of these events stand how."""
        rows = await self.ledger.fetch(
            "SELECT status, count(*) FROM booking WHERE event_id = ANY($1::bigint[]) GROUP BY 1",
            list(event_ids),
        )
        return {row["status"]: row["count"] for row in rows}

    async def require_held(self, event_ids: Sequence[int], count: int) -> None:
        """So many bookings of these events got their seats: to refuse is less work.

        Raises:
            AssertionError: others are among them, or some are missing.
        """
        statuses = await self.statuses(event_ids)
        assert statuses == {"pending_payment": count}, f"{statuses}, not {count} held"

    async def last_decided_at(self, event_ids: Sequence[int]) -> float:
        """When the last of these events' bookings was decided, in seconds since 1970."""
        moment = await self.ledger.fetchval(
            "SELECT extract(epoch FROM max(updated_at))::float8 FROM booking"
            " WHERE event_id = ANY($1::bigint[])",
            list(event_ids),
        )
        return float(moment or 0.0)

    async def verify(self) -> str:
        """Compare all stores, of every event; returns the line that says how much was compared.

        Raises:
            AssertionError: they differ.
        """
        self.say("onsale verify")
        return (await asyncio.to_thread(self.system.verify)).strip().splitlines()[-1]

    @contextmanager
    def api_on_a_core(self) -> Iterator[int]:
        """Within the block the API alone has one core, all else the other; which is returned."""
        pinned: list[psutil.Process] = []
        api = self.system.pid("api")
        for pid in self.system.pids():
            parent = psutil.Process(pid)
            core = API_CORE if pid == api else OTHER_CORE
            for process in (parent, *parent.children(recursive=True)):
                pin(process, [core])
                pinned.append(process)
        try:
            yield OTHER_CORE
        finally:
            for process in pinned:
                pin(process, list(range(psutil.cpu_count() or 1)))

    @asynccontextmanager
    async def server(
        self, module: str, *options: str, core: int | None = None
    ) -> AsyncIterator[Server]:
        """Another server with this system's settings runs within the block."""
        port = free_port()
        environment = {**clean_environment(), **self.system.settings}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, str(port), *options), env=environment
        )
        try:
            if core is not None:
                psutil.Process(process.pid).cpu_affinity([core])
            await until_somebody_listens(port)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            await process.wait()


def api_server(system: OnsaleUp) -> Server:
    """The API of a running system."""
    pid = system.pid("api")
    assert pid is not None, "the API does not run"
    return Server(system.port, pid)


@asynccontextmanager
async def second_api(stage: Stage) -> AsyncIterator[int]:
    """Another API process of the same system runs within the block; its port."""
    port = free_port()
    environment = {**clean_environment(), **stage.system.settings, "ONSALE_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onsale", "api"), env=environment
    )
    try:
        await until_somebody_listens(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


def pin(process: psutil.Process, cores: list[int]) -> None:
    """All threads of a process run on these cores."""
    try:
        for thread in process.threads():
            psutil.Process(thread.id).cpu_affinity(cores)
    except psutil.NoSuchProcess:
        return  # it or a thread of it has just ended


async def until_somebody_listens(port: int) -> None:
    """Return once a connection is taken."""
    deadline = time.monotonic() + SERVER_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(POLL_SECONDS)
        else:
            writer.close()
            return


@asynccontextmanager
async def staged(
    bus: Bus,
    say: Say,
    *,
    workers: int = 1,
    settings: Mapping[str, str] | None = None,
    command: tuple[str, ...] = (str(ONSALE),),
) -> AsyncIterator[Stage]:
    """A fresh system with a crowd, stopped in order at the end of the block."""
    with data_directory() as data:
        environment = {**SETTINGS, **(settings or {})}
        system = OnsaleUp(data, bus, workers=workers, environment=environment, command=command)
        say(f"starting the system, {bus} bus")
        try:
            await asyncio.to_thread(system.start)
            async with AsyncExitStack() as stack:
                http = await stack.enter_async_context(connections(system.base_url))
                ledger = await stack.enter_async_context(
                    asyncpg.create_pool(
                        system.settings["ONSALE_DATABASE_URL"], min_size=1, max_size=4
                    )
                )
                seller = await Seller.join(http)
                tokens = [buyer.token for buyer in await join_buyers(http, BUYER_COUNT)]
                yield Stage(system, http, ledger, seller, tokens, say)
            await asyncio.to_thread(system.stop)
        finally:
            system.kill()
