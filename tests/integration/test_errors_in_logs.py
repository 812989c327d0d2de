"""What PostgreSQL and its drivers say of the data that they were given does not reach a log."""

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy import text

from onsale.platform.database.connections import create_read_engine
from onsale.platform.observability.discreet_errors import discreet_name
from onsale.platform.observability.logs import log_processors

PERSON = "private.person@example.test"
TABLE = "CREATE TEMPORARY TABLE person (email text, CONSTRAINT known CHECK (email = 'known'))"

Refused = Callable[[str], Awaitable[Exception]]


class _Age(BaseModel):
    age: int


async def _row_by_the_driver(database_url: str) -> Exception:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TABLE)
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await connection.execute("INSERT INTO person VALUES ($1)", PERSON)
    finally:
        await connection.close()
    return caught.value


async def _row_by_sqlalchemy(database_url: str) -> Exception:
    engine = create_read_engine(database_url, size_max=1)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(TABLE))
            with pytest.raises(Exception, match="known") as caught:
                await connection.execute(
                    text("INSERT INTO person VALUES (:email)"), {"email": PERSON}
                )
    finally:
        await engine.dispose()
    return caught.value


async def _value_by_the_server(database_url: str) -> Exception:
    connection = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute(f"SELECT '{PERSON}'::integer")
    finally:
        await connection.close()
    return caught.value


async def _argument_by_the_driver(database_url: str) -> Exception:
    connection = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.DataError) as caught:
            await connection.fetchval("SELECT $1::integer", PERSON)
    finally:
        await connection.close()
    return caught.value


async def _value_by_a_model(_: str) -> Exception:
    with pytest.raises(ValueError, match="age") as caught:
        _Age.model_validate({"age": PERSON})
    return caught.value


REFUSED = (
    _row_by_the_driver,
    _row_by_sqlalchemy,
    _value_by_the_server,
    _argument_by_the_driver,
    _value_by_a_model,
)


def _logged(error: Exception) -> list[dict[str, Any]]:
    """The traceback as a log has it."""
    line = io.StringIO()
    logger = structlog.wrap_logger(structlog.WriteLogger(line), processors=log_processors("api"))
    logger.error("broken", exc_info=error)
    told: list[dict[str, Any]] = json.loads(line.getvalue())["exception"]
    assert PERSON not in line.getvalue()
    return told


@pytest.mark.parametrize("refused", REFUSED)
async def test_a_log_has_the_class_and_the_frames_and_nobodys_data(
    database_url: str, refused: Refused
) -> None:
    error = await refused(database_url)
    assert PERSON in repr(error) + str(error) + repr(getattr(error, "detail", ""))
    (*_, told) = (stack for stack in _logged(error) if stack["exc_type"] == type(error).__name__)
    assert refused.__name__ in [frame["name"] for frame in told["frames"]]
    assert PERSON not in discreet_name(error)


async def test_what_was_refused_can_be_found_in_the_schema(database_url: str) -> None:
    for refused in (_row_by_the_driver, _row_by_sqlalchemy):
        words = discreet_name(await refused(database_url))
        assert "sqlstate 23514" in words
    assert "constraint_name known" in discreet_name(await _row_by_the_driver(database_url))


@pytest.mark.parametrize("refused", REFUSED)
async def test_causes_contexts_and_groups_are_as_discreet(
    database_url: str, refused: Refused
) -> None:
    cause = await refused(database_url)
    cause.add_note(f"while storing {PERSON}")

    def fail_for_it() -> None:
        raise RuntimeError("the batch was not stored") from cause

    def fail_after_it() -> None:
        try:
            raise cause
        except type(cause):
            fail_for_it()

    errors: list[Exception] = []
    for fail in (fail_for_it, fail_after_it):
        with pytest.raises(RuntimeError) as caught:
            fail()
        errors.append(caught.value)
    (group,) = _logged(ExceptionGroup("two jobs", [errors[0], ExceptionGroup("one", [cause])]))
    assert group["exceptions"][0][0]["exc_value"] == "the batch was not stored"
    for error in errors:
        assert len(_logged(error)) >= 2
