"""Making many events, broken off in the middle and taken up again."""

import asyncio
import json
import signal
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.support.hostile_server import spoiling_proxy
from tests.support.onsale_up import ONSALE, OnsaleUp, clean_environment
from tests.support.polling import wait_for
from tests.support.visitors import JsonObject, Seller, regular_hall

COMMAND_SECONDS_MAX = 60.0


def file_of(folder: Path, *events: JsonObject) -> Path:
    path = folder / "season.json"
    usual = {"description": "", "venue_name": "House", "seating_config": regular_hall()}
    path.write_text(json.dumps([{**usual, **event} for event in events]))
    return path


async def start(url: str, token: str, *arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(str(ONSALE), "event", "create", *map(str, arguments)),
        env={**clean_environment(), "COLUMNS": "200", "ONSALE_URL": url, "ONSALE_TOKEN": token},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(COMMAND_SECONDS_MAX):
        printed, complaints = await process.communicate()
    return process.returncode, printed.decode(), complaints.decode()


async def create(system: OnsaleUp, seller: Seller, *arguments: object) -> tuple[int | None, Any]:
    status, printed, complaints = await ended(
        await start(system.base_url, seller.token, *arguments, "--json")
    )
    assert "Traceback" not in complaints
    return status, json.loads(printed)


def kept(answer: bytes) -> bytes:
    return answer


def held_back(_: bytes) -> None:
    pass


async def test_ctrl_c_tells_what_was_made_and_a_second_run_makes_the_rest(
    system: OnsaleUp, seller: Seller, tmp_path: Path
) -> None:
    at = "2031-05-01T10:00:00+02:00"
    # Two that are alike are two.
    names = ("A", "A", "C", "D")
    file = file_of(tmp_path, *({"name": name, "starts_at": at} for name in names))
    async with spoiling_proxy(system.base_url, "/api/event", kept, kept, held_back) as proxy:
        process = await start(proxy.url, seller.token, file, "--json")

        async def posted() -> int:
            return len(proxy.asked)

        await wait_for(posted, lambda count: count == 3)
        process.send_signal(signal.SIGINT)
        status, printed, complaints = await ended(process)
    assert (status, complaints) == (130, "2 made, 2 failed\n")
    report = json.loads(printed)
    assert (report["made"], report["skipped"], report["failed"]) == (2, 0, 2)
    items = report["items"]
    assert [each["event_id"] is not None for each in items] == [True, True, False, False]
    assert "it may be there: onsale event list --mine" in items[2]["errors"][0]
    assert items[3]["errors"] == ["not tried: broken off before"]

    # The third was made: its answer was lost.
    status, report = await create(system, seller, file, "--skip-existing", "--wait")
    assert (status, report["made"], report["skipped"]) == (0, 1, 3)
    assert {each["event_id"] for each in items[:2]} < {e["event_id"] for e in report["items"]}
    assert {each["status"] for each in report["items"]} == {"available"}
    mine = await seller.all_items("/api/event?mine=true")
    assert [each["name"] for each in reversed(mine)] == list(names)


async def test_what_differs_or_was_cancelled_is_made_again(
    system: OnsaleUp, seller: Seller, tmp_path: Path
) -> None:
    file = file_of(tmp_path, {"name": " A "}, {"name": "B"}, {"name": "C"})
    _, report = await create(system, seller, file)
    cancelled = report["items"][1]["event_id"]
    await seller.expect(202, "POST", f"/api/event/{cancelled}/cancel")
    file_of(
        *(tmp_path, {"name": "A"}, {"name": "B"}, {"name": "C", "venue_name": "Elsewhere"}),
        {"name": "A", "starts_at": "2031-05-01T10:00:00Z"},
        {"name": "A", "starts_at": "2031-05-01T10:00:00"},
    )
    status, report = await create(system, seller, file, "--skip-existing")
    assert status == 3
    assert [each["skipped"] for each in report["items"]] == [True, False, False, False, False]
    assert [bool(each["errors"]) for each in report["items"]] == [False] * 4 + [True]


async def test_one_that_cannot_be_sent_fails_alone(
    system: OnsaleUp, seller: Seller, tmp_path: Path
) -> None:
    file = file_of(tmp_path, {"name": "A"}, {"name": "half \ud83c"}, {"name": "C"})
    status, report = await create(system, seller, file)
    assert (status, report["made"]) == (3, 2)
    assert report["items"][1]["name"] == "half ?"
    assert report["items"][1]["errors"] == [
        r"half a character stands in it (a surrogate alone, such as \ud83c)"
    ]
