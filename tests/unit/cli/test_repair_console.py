"""With which status a rebuild ends."""

import pytest

from onsale.cli.exit_codes import ExitCode
from onsale.cli.repair_console import EventRebuilt, status_of


@pytest.mark.parametrize(
    ("refusals", "status"),
    [
        ([], ExitCode.DONE),
        ([None, None], ExitCode.DONE),
        ([None, "a draft"], ExitCode.PARTLY),
        (["a draft", "a draft"], ExitCode.FAILED),
    ],
)
def test_some_of_several_is_told_from_all_and_none(
    refusals: list[str | None], status: ExitCode
) -> None:
    rebuilt = [EventRebuilt(event_id=7, seconds=0.1, refusal=each) for each in refusals]
    assert status_of(rebuilt) is status
