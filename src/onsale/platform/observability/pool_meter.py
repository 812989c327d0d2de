"""How much of a process's connections to PostgreSQL is in use, read when somebody asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import asyncpg
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool
from typing_extensions import override

from onsale.platform.database.connections import ReadEngine
from onsale.platform.database.patience import ImpatientPool


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections that are open and taken, as many as there may be, and callers that wait."""

    taken: int
    idle: int
    size_max: int
    waiting: int = 0


class MeteredPool(Protocol):
    """Whatever can tell its use."""

    def use(self) -> PoolUse:
        """As it is now."""
        ...


class AsyncpgPoolUse:
    """Of a pool of asyncpg's."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def use(self) -> PoolUse:
        """See ``MeteredPool``."""
        pool = self._pool
        size, idle = pool.get_size(), pool.get_idle_size()
        waiting = pool.waiting_room.count if isinstance(pool, ImpatientPool) else 0
        return PoolUse(size - idle, idle, pool.get_max_size(), waiting)


class EnginePoolUse:
    """Of the pool of an engine of SQLAlchemy's, which may have as many as it keeps."""

    def __init__(self, engine: ReadEngine) -> None:
        self._engine = engine

    def use(self) -> PoolUse:
        """See ``MeteredPool``."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return PoolUse(pool.checkedout(), pool.checkedin(), pool.size(), self._engine.waiting_count)


class PoolMeter(Collector):
    """One set of gauges for all pools of a process, by the pool's name."""

    def __init__(self, registry: CollectorRegistry, pools: Mapping[str, MeteredPool]) -> None:
        self._pools = pools
        registry.register(self)

    @override
    def collect(self) -> Iterable[GaugeMetricFamily]:
        connections = GaugeMetricFamily(
            "onsale_database_pool_connections",
            "Open connections to PostgreSQL",
            labels=("pool", "state"),
        )
        maxima = GaugeMetricFamily(
            "onsale_database_pool_connections_max",
            "Connections to PostgreSQL that there may be",
            labels=("pool",),
        )
        waiting = GaugeMetricFamily(
            "onsale_database_pool_waiting",
            "Callers that wait for a connection",
            labels=("pool",),
        )
        for name, pool in self._pools.items():
            use = pool.use()
            connections.add_metric((name, "taken"), use.taken)
            connections.add_metric((name, "idle"), use.idle)
            maxima.add_metric((name,), use.size_max)
            waiting.add_metric((name,), use.waiting)
        return connections, maxima, waiting
