"""Redis as a child: what it acknowledged is on disk."""

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import IncompatibleDataError, MissingComponentError
from onsale.platform.embedded.redis import EmbeddedRedis, RedisEngine, find_redis_engine
from onsale.platform.embedded.supervisor import Supervisor
from tests.servers.waiting import eventually


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "data")


@pytest.fixture
def redis(directory: DataDirectory) -> EmbeddedRedis:
    server = EmbeddedRedis(directory, find_redis_engine(streams_needed=True))
    server.prepare()
    return server


@pytest.fixture
async def supervisor(directory: DataDirectory, redis: EmbeddedRedis) -> AsyncIterator[Supervisor]:
    async with Supervisor(directory) as supervisor:
        await supervisor.start(redis.process())
        yield supervisor


async def test_acknowledged_writes_survive_kill_9(
    supervisor: Supervisor, redis: EmbeddedRedis
) -> None:
    client: Any = Redis.from_url(redis.url(), protocol=2, retry=None)
    killed = supervisor.pid("redis")
    acknowledged = await _write_until_killed(client, supervisor)
    await eventually(lambda: supervisor.pid("redis") not in {None, killed})
    await eventually(redis.is_ready)
    names = [f"seat-{number}" for number in range(acknowledged)]
    assert await client.mget(names) == [b"taken"] * acknowledged
    await client.aclose()


async def test_it_syncs_every_write_and_listens_on_no_port(
    supervisor: Supervisor, redis: EmbeddedRedis
) -> None:
    client: Any = Redis.from_url(redis.url(), protocol=2, decode_responses=True)
    async with client:
        settings = await client.config_get()
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "always")
    assert (settings["save"], settings["port"]) == ("", "0")
    assert settings["maxmemory-policy"] == "noeviction"


def test_data_of_a_later_version_is_refused_rather_than_not_seen(redis: EmbeddedRedis) -> None:
    later = {"kind": "redis", "major_version": redis.engine.major_version + 1}
    (redis.data / "engine.json").write_text(json.dumps(later))
    with pytest.raises(IncompatibleDataError, match="would not see that data"):
        redis.prepare()


def test_data_of_kvrocks_is_not_opened_by_redis(redis: EmbeddedRedis) -> None:
    (redis.data / "engine.json").write_text(json.dumps({"kind": "kvrocks", "major_version": 2}))
    with pytest.raises(IncompatibleDataError, match="kvrocks 2"):
        redis.prepare()


@pytest.mark.parametrize(
    ("said", "kind", "major_version"),
    [
        ("Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "redis", 7),
        ("Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "valkey", 8),
    ],
)
def test_a_server_on_the_path_comes_before_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: str, major_version: int
) -> None:
    binary = _program(tmp_path / f"{kind}-server", said)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = find_redis_engine(streams_needed=True)
    assert found == RedisEngine(binary, kind, major_version)
    assert found.has_redis_streams


def test_kvrocks_is_chosen_only_where_streams_are_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: DataDirectory
) -> None:
    binary = _program(tmp_path / "kvrocks", "kvrocks 2.10.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_redis_engine(streams_needed=True).kind != "kvrocks"
    engine = find_redis_engine(streams_needed=False)
    assert engine == RedisEngine(binary, "kvrocks", 2)
    assert not engine.has_redis_streams
    server = EmbeddedRedis(directory, engine)
    server.prepare()
    settings = (server.data / "kvrocks.conf").read_text().splitlines()
    assert "rocksdb.write_options.sync yes" in settings
    assert "bind 127.0.0.1" in settings
    assert server.url() == EmbeddedRedis(DataDirectory(directory.path), engine).url()


def test_a_program_that_is_no_server_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "redis-server", "hello")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(MissingComponentError, match="does not tell its version: hello"):
        find_redis_engine(streams_needed=True)


async def _write_until_killed(client: Redis, supervisor: Supervisor) -> int:
    """How many writes were acknowledged before the server, killed under way, fell silent."""
    acknowledged = 0
    try:
        while True:
            await client.set(f"seat-{acknowledged}", "taken")
            acknowledged += 1
            if acknowledged == 200:
                supervisor.signal("redis", signal.SIGKILL)
    except (RedisError, OSError):
        return acknowledged


def _program(path: Path, said: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{said}'\n")
    path.chmod(0o755)
    return path
