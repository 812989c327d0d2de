"""Each guard is played with and without: clean with it, violated without it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.controls.guards import GUARDS
from tests.controls.judges import plain
from tests.controls.stage import Guard, Stage
from tests.controls.table import DOCUMENT, PROPERTY, is_writing, row_of, rows_in
from tests.controls.taking_out import InSchema, taken_out
from tests.support.wired_pipeline import pipeline_on

EVERY_GUARD = pytest.mark.parametrize("guard", GUARDS, ids=[guard.name for guard in GUARDS])
OpenStage = Callable[[], AbstractAsyncContextManager[Stage]]


@pytest.fixture
def open_stage(database_url: str, redis_url: str, tmp_path: Path) -> OpenStage:
    """Opened by the test, once it has taken out what is to be taken out."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Stage]:
        async with pipeline_on(database_url, redis_url) as pipeline:
            yield Stage(pipeline, database_url, redis_url, tmp_path)

    return opened


@EVERY_GUARD
async def test_with_its_guard_nothing_is_violated(guard: Guard, open_stage: OpenStage) -> None:
    async with open_stage() as stage:
        assert list(await guard.play(stage)) == []


@EVERY_GUARD
async def test_without_its_guard_the_violation_is_found(
    guard: Guard, open_stage: OpenStage, record_property: Callable[[str, object], None]
) -> None:
    with taken_out(guard.edits):
        async with open_stage() as stage:
            for edit in guard.edits:
                if isinstance(edit, InSchema):
                    await edit.drop(stage.pipeline.pool)
            violations = [plain(violation) for violation in await guard.play(stage)]
    assert violations, "nobody notices that the guard is gone"
    row = row_of(guard, violations[0])
    record_property(PROPERTY, row)
    if not is_writing():
        assert row in rows_in(DOCUMENT), "`make controls` writes the table anew"


@pytest.mark.skipif(is_writing(), reason="it is being written")
def test_the_document_has_a_row_for_each_guard() -> None:
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows_in(DOCUMENT)] == [
        guard.name for guard in GUARDS
    ], "make controls writes it anew"
