"""Events from files, typed at a running service: made, refused, and what is said of each."""

import json
import re
from pathlib import Path

import pytest

from tests.support.onsale_up import OnsaleUp, run_onsale
from tests.support.person import Person, event_file


@pytest.fixture
def seller(system: OnsaleUp, tmp_path: Path) -> Person:
    return Person.joined(tmp_path / "seller", system.base_url, "seller")


def test_the_example_of_the_help_can_be_pasted(seller: Person) -> None:
    shown = run_onsale("event", "create", "--help", environment={"COLUMNS": "80"}).stdout
    pasted = re.search(r"^ # hall.yaml.*?(?=^ # )", shown, re.MULTILINE | re.DOTALL)
    assert pasted is not None, shown
    report = seller.read("event", "create", "-", said=pasted[0])
    assert (report["made"], report["items"][0]["name"]) == (1, "Opera")
    said = seller.type("event", "create", "-", said=pasted[0]).stdout
    assert "draft: its seats are being loaded; it opens by itself" in said


def test_many_events_at_once_and_what_became_of_each(seller: Person) -> None:
    (seller.home / "halls").mkdir()
    event_file(seller, "halls/b.json", name="B")
    event_file(seller, "halls/a.json", name="A", currency="XYZ", hold_seconds=1)
    listed = seller.home / "season.yaml"
    listed.write_text(
        "- {name: C, description: '', venue_name: H, on_sale_at: 2031-01-01T10:00:00+02:00,\n"
        "   seating_config: {rows: 1, cols: 2, sections: [{name: A, price: 5, subsections: 1}]}}\n"
        "- {name: D}\n"
    )
    run = seller.type("event", "create", "halls", listed, "--json", status=3)
    report = json.loads(run.stdout)
    assert (report["made"], report["failed"]) == (2, 2)
    assert [(each["source"].rpartition("/")[2], each["name"]) for each in report["items"]] == [
        ("a.json", "A"),
        ("b.json", "B"),
        ("season.yaml#1", "C"),
        ("season.yaml#2", "D"),
    ]
    assert [line.partition(":")[0] for line in report["items"][0]["errors"]] == [
        "currency",
        "hold_seconds",
    ]
    assert "seating_config: Field required" in report["items"][3]["errors"]
    assert run.stderr == "2 made, 2 failed\n"
    mine = seller.read("event", "list", "--mine")
    assert [each["name"] for each in mine] == ["C", "B"]
    assert mine[0]["on_sale_at"] == "2031-01-01T08:00:00Z"

    shown = seller.type("event", "create", "halls/a.json", status=1).stdout
    assert shown.splitlines()[0].split() == ["event", "from", "name", "outcome"]
    seller.type("event", "create", "nothing.yaml", status=2)
    seller.type("event", "create", status=2)


def test_a_mistyped_field_is_refused_and_the_others_are_made(seller: Person) -> None:
    mistyped = event_file(seller, "a.json", max_ticket_per_buyer=1)
    run = seller.type("event", "create", mistyped, event_file(seller, "b.json"), status=3)
    assert "max_ticket_per_buyer: there is no such field; did you mean max_tickets" in run.stdout
    assert len(seller.read("event", "list", "--mine")) == 1
    seller.type("event", "create", mistyped, status=1)
    hall = {"rows": 3, "cols": 5, "sections": [{"name": "A", "price": 45.5, "subsections": 1}]}
    dear = event_file(seller, "dear.json", seating_config=hall)
    said = seller.type("event", "create", dear, status=1).stdout
    assert "prices are in cents: 4550 for 45.50" in said


def test_who_is_not_signed_in_is_told_so_after_a_mistyped_field_too(seller: Person) -> None:
    mistyped = event_file(seller, "a.json", nam="Opera")
    seller.variables = {"ONSALE_TOKEN": "over"}
    seller.type("event", "create", mistyped, event_file(seller, "b.json"), status=5)
