"""The commands for sellers, buyers and those who watch, as they are typed on a running service."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.hostile_server import hostile_server, http, spoiling_proxy
from tests.support.onsale_up import CARD_NUMBER, ONSALE, OnsaleUp, data_directory
from tests.support.person import COMMAND_SECONDS_MAX, Person, event_file, on_sale
from tests.support.visitors import new_email

# Dozens of commands, each a process of its own that a busy machine takes seconds to load.
pytestmark = pytest.mark.timeout(300)

TRIES_MAX = 20
DECLINED_CARD = "4000 0000 0000 0002"


@pytest.fixture
def seller(system: OnsaleUp, tmp_path: Path) -> Person:
    return Person.joined(tmp_path / "seller", system.base_url, "seller")


@pytest.fixture
def buyer(system: OnsaleUp, tmp_path: Path) -> Person:
    return Person.joined(tmp_path / "buyer", system.base_url, "buyer")


def test_an_event_is_looked_after(seller: Person, buyer: Person) -> None:
    event_id = on_sale(seller)
    assert "hidden" in seller.type("event", "hide", event_id).stdout
    assert "hidden" not in seller.type("event", "publish", event_id).stdout
    when = seller.read("event", "on-sale", event_id, "2031-05-01T10:00:00+02:00")
    assert when["on_sale_at"] == "2031-05-01T08:00:00Z"
    assert "EVENT_NOT_ON_SALE" in buyer.type("booking", "create", event_id, "A", 1, status=1).stderr
    assert "on sale from 2031-05-01 08:00 UTC" in seller.type("event", "list", "--mine").stdout
    assert seller.read("event", "on-sale", event_id, "now")["on_sale_at"] is None
    seller.type("event", "on-sale", event_id, "tomorrow", status=2)

    place = (event_id, "A", 1)
    assert seller.read("event", "block", *place, "1-1", "1-2")["seats"] == ["1-1", "1-2"]
    assert "1-1" in seller.type("event", "block", *place, "1-1", status=1).stderr
    assert seller.type("event", "unblock", *place, "1-1").stdout == "On sale again: 1-1\n"
    assert "user login" in buyer.type("event", "block", *place, "1-1", status=1).stderr
    assert "15.00 USD" in buyer.type("event", "show", event_id).stdout
    unknown = buyer.type("event", "show", 999_999_999, "--json", status=1)
    assert json.loads(unknown.stderr)["code"] == "EVENT_NOT_FOUND"

    # Nobody says yes.
    seller.type("event", "cancel", event_id, status=1)
    assert seller.read("event", "show", event_id)["status"] == "available"
    assert "cancelled" in seller.type("event", "cancel", event_id, "--yes").stdout


def test_a_booking_from_beginning_to_end(seller: Person, buyer: Person) -> None:
    event_id = on_sale(seller)
    held = buyer.read("booking", "create", event_id, "A", 1, "--seat", "1-1", "--seat", "1-2")
    assert (held["status"], held["seat_positions"]) == ("pending_payment", ["1-1", "1-2"])
    # What the service remembers of seats is a moment old: until then it is refused afterwards.
    order = ("booking", "create", event_id, "A", 1, "--seat", "1-1")
    taken = buyer.type(*order, status=1)
    tries = 1
    while not taken.stderr and tries < TRIES_MAX:
        assert "seat_conflict" in taken.stdout
        taken, tries = buyer.type(*order, status=1), tries + 1
    assert "To have instead: 1-3" in taken.stderr

    pay = ("booking", "pay", held["id"])
    assert "--card-stdin" in buyer.type(*pay, status=2).stderr
    declined = buyer.type(*pay, "--card-stdin", status=1, said=DECLINED_CARD + "\n")
    assert "Reason: card_declined (PAYMENT_DECLINED)" in declined.stderr
    assert buyer.read(*pay, "--card-stdin", said=CARD_NUMBER + "\n")["status"] == "completed"
    followed = buyer.type("booking", "follow", held["id"], "--json").stdout.splitlines()
    assert json.loads(followed[-1])["status"] == "completed"
    tickets = buyer.read("booking", "show", held["id"])["tickets"]
    assert tickets[0]["code"] in buyer.type("booking", "show", held["id"]).stdout

    other = buyer.read("booking", "create", event_id, "A", 2, "--quantity", 3)
    assert "cancelled" in buyer.type("booking", "cancel", other["id"]).stdout
    assert (
        "BOOKING_NOT_CANCELLABLE" in buyer.type("booking", "cancel", other["id"], status=1).stderr
    )
    listed = buyer.read("booking", "list", "--event", event_id, "--status", "completed")
    assert [each["id"] for each in listed] == [held["id"]]
    lines = seller.type("booking", "list", "--event", event_id).stdout.splitlines()
    assert len(lines) == 2 + tries
    buyer.type("booking", "show", "no-id", status=2)

    sales = seller.type("event", "sales", event_id)
    assert "revenue 30.00 USD" in sales.stdout
    seller.type("event", "sales", event_id, "--csv", "tickets.csv")
    assert held["id"] in (seller.home / "tickets.csv").read_text()
    assert [each.name for each in seller.home.glob("tickets.csv*")] == ["tickets.csv"]
    assert (
        "No such file"
        in seller.type("event", "sales", event_id, "--csv", "no/where.csv", status=2).stderr
    )


def test_a_key_makes_a_repeat_harmless(seller: Person, buyer: Person) -> None:
    event_id = on_sale(seller)
    order = ("booking", "create", event_id, "A", 1, "--key", new_email())
    assert buyer.read(*order)["id"] == buyer.read(*order)["id"]


def test_an_on_sale_is_watched(system: OnsaleUp, seller: Person, buyer: Person) -> None:
    event_id = on_sale(seller)
    buyer.read("booking", "create", event_id, "A", 1, "--quantity", 2)
    shown = seller.type("top", "--once", "--data", system.data).stdout
    assert f"event {event_id}" in shown
    assert "28 left, 2 held, 0 sold" in shown
    assert "no metrics from" not in shown
    look = seller.read("top", event_id, "--once", "--data", system.data)
    assert {each["name"] for each in look["processes"] if each["is_up"]} == {
        "api",
        "seat-reservation",
        "ticketing",
        "webhooks",
    }
    assert look["accepted_per_second"] is not None
    assert look["drift_seats"] == 0
    assert look["events"][0]["revenue"] == 0
    # Anybody may watch what anybody may see.
    look = buyer.read("top", event_id, "--once", "--metrics", "http://127.0.0.1:1")
    assert look["events"][0]["revenue"] is None
    assert [each["is_up"] for each in look["processes"]] == [True, False]


def test_the_events_that_sell_are_watched_and_the_others_named(
    seller: Person, buyer: Person
) -> None:
    files = [event_file(seller, f"{number}.json", name=f"E{number}") for number in range(7)]
    later = event_file(seller, "later.json", on_sale_at="2999-01-01T00:00:00Z")
    made = seller.read("event", "create", *files, later, "--wait")["items"]
    oldest, second, *_, not_open = [each["event_id"] for each in made]
    buyer.read("booking", "create", second, "A", 1, "--quantity", 1)
    buyer.read("booking", "create", oldest, "A", 1, "--quantity", 3)
    look = seller.read("top", "--once")
    shown = [each["event_id"] for each in look["events"]]
    assert len(shown) == 5
    assert set(shown[:2]) == {oldest, second}
    assert len(look["events_not_shown"]) == 2
    assert not_open not in {*shown, *look["events_not_shown"]}
    assert "2 more on sale" in seller.type("top", "--once").stdout
    assert "on sale from 2999" in seller.type("top", not_open, "--once").stdout


def test_watching_ends_in_order(system: OnsaleUp, seller: Person) -> None:
    event_id = on_sale(seller)
    with subprocess.Popen(
        [str(ONSALE), "top", str(event_id), "--interval", "0.2", "--json"],
        env=seller.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert json.loads(process.stdout.readline())["events"][0]["event_id"] == event_id
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=COMMAND_SECONDS_MAX)
    assert (process.returncode, errors) == (0, "")


def test_ctrl_c_is_told_by_the_status(seller: Person, buyer: Person) -> None:
    booking = buyer.read("booking", "create", on_sale(seller), "A", 1)
    with subprocess.Popen(
        [str(ONSALE), "booking", "follow", booking["id"]],
        env=buyer.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "pending_payment" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=COMMAND_SECONDS_MAX)
    assert (process.returncode, errors) == (130, "")


def test_settings_are_shown_and_checked(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person(tmp_path, system.base_url)
    shown = {each["name"]: each for each in person.read("config", "show", "--data", system.data)}
    assert shown["ONSALE_PORT"]["value"] == str(system.port)
    assert shown["ONSALE_TOKEN_SECRET"]["value"] == "********"
    assert (
        system.settings["ONSALE_TOKEN_SECRET"]
        not in person.type("config", "show", "--data", system.data).stdout
    )
    checked = person.read("config", "check", "--data", system.data)
    assert checked == {"postgresql": "ok", "seat-store": "ok", "message-bus": "ok"}
    person.variables = {
        **system.settings,
        "ONSALE_SEAT_STORE_URL": "redis://:hidden-word@127.0.0.1:1/0",
        "ONSALE_BUS": "kafka",
        "ONSALE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    }
    away = person.type("config", "check", status=4)
    assert "postgresql: ok" in away.stdout
    assert "seat-store is unavailable" in away.stdout
    assert "message-bus is unavailable" in away.stdout
    assert "hidden-word" not in away.stdout + away.stderr
    person.variables = {**system.settings, "ONSALE_PORT": "none"}
    assert "ONSALE_PORT" in person.type("config", "check", status=2).stderr


def test_a_service_that_is_not_there_is_said_with_the_next_step(tmp_path: Path) -> None:
    person = Person(tmp_path, "http://127.0.0.1:1", {"ONSALE_TOKEN": "any"})
    for command in (
        ("user", "whoami"),
        ("event", "list"),
        ("event", "show", 1),
        ("event", "create", event_file(person)),
        ("booking", "list"),
        ("top", "--once"),
    ):
        run = person.type(*command, status=4)
        assert "onsale up" in run.stderr
        assert run.stderr.count("\n") == 1
    person.url = "nonsense"
    assert "ONSALE_URL" in person.type("event", "list", status=2).stderr


async def test_a_service_that_goes_away_leaves_the_rest_untried(
    system: OnsaleUp, tmp_path: Path
) -> None:
    person = Person(tmp_path, system.base_url)
    await asyncio.to_thread(person.join, "seller")
    files = [event_file(person, f"{number}.json", name=str(number)) for number in range(4)]

    def lost(_: bytes) -> bytes:
        return b""

    async with spoiling_proxy(system.base_url, "/api/event", lambda kept: kept, lost) as proxy:
        session = json.loads((tmp_path / "onsale" / "sessions.json").read_text())
        far = Person(tmp_path, proxy.url, {"ONSALE_TOKEN": session[system.base_url]})
        create = ("event", "create", *files, "--json")
        run = await asyncio.to_thread(far.type, *create, status=3)
    errors = [each["errors"] for each in json.loads(run.stdout)["items"]]
    assert errors[0] == []
    assert "it may be there: onsale event list --mine" in errors[1][0]
    assert errors[2:] == [["not tried: the service could not be reached"]] * 2


async def test_who_is_not_the_service_is_told_from_it(tmp_path: Path) -> None:
    async with hostile_server(http(404, b"<html>", "text/html")) as server:
        person = Person(tmp_path, server.url)
        run = await asyncio.to_thread(person.type, "event", "list", status=4)
    assert "does not answer as onsale does" in run.stderr


def test_commands_find_the_service_of_the_data_directory(system: OnsaleUp, tmp_path: Path) -> None:
    person = Person(tmp_path, system.base_url)
    environment = {**person.environment, "ONSALE_DATA": str(system.data)}
    del environment["ONSALE_URL"]
    run = subprocess.run(
        [str(ONSALE), "event", "list", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert isinstance(json.loads(run.stdout), list)


def test_no_data_directory_is_needed_to_be_told_so() -> None:
    with data_directory() as data:
        person = Person(data.parent, "http://127.0.0.1:1")
        run = person.type("config", "show", "--data", data, status=2)
        assert "onsale up" in run.stderr
