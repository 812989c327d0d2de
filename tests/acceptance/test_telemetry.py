"""What the dashboard, the alerts and the documents name is what the running system exposes."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.servers.protocol import PROJECT
from tests.support.both_buses import ON_BOTH_BUSES
from tests.support.exposed_metrics import TARGET_LABELS, Exposed, Query
from tests.support.onsale_up import CARD_NUMBER, OnsaleUp
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, check_problem

DASHBOARD = PROJECT / "deploy" / "grafana" / "onsale.json"
PROMETHEUS = PROJECT / "deploy" / "prometheus"
REFERENCE = PROJECT / "docs" / "telemetry.md"
LOOK_SECONDS_MAX = 30.0
LOOKED = {"onsale_consumer_lag_messages", "onsale_upkeep_runs_total"}
# Of a histogram there are three series.
SERIES_SUFFIX = re.compile("_(bucket|count|sum)$")
# A booking, a user and an event have an id of their own; no series may.
UNBOUNDED = re.compile(r"booking_id|user|buyer|seller|email|event_id|seat|path|url|ticket")


def queries() -> Iterator[tuple[str, str, str]]:
    """Where each query stands, the query, and the legend of its series."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"], target["legendFormat"]
    for group in yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            told = rule["annotations"]["summary"].replace("$labels.", "").replace("$value", "")
            yield f"alert {rule['alert']}", rule["expr"], re.sub(r"\| *\w+", "", told)


def all_complaints(exposed: Exposed) -> list[str]:
    return [
        f"{where}: {complaint}"
        for where, query, legend in queries()
        for complaint in exposed.complaints(query, legend)
    ]


async def scrape(system: OnsaleUp) -> Exposed:
    """What Prometheus would find, asked at each address that it is told."""
    exposed = Exposed()
    async with httpx.AsyncClient() as http:
        for group in json.loads((system.data / "metrics-targets.json").read_text()):
            for target in group["targets"]:
                answer = await http.get(f"http://{target}/metrics")
                exposed.add(answer.text, group["labels"]["job"])
    return exposed


async def bring_everything_about(buyer: Buyer, event_id: int) -> None:
    """Whatever gives a series its first value: a booking paid, one cancelled, one refused."""
    paid, given_up = await buyer.hold(event_id), await buyer.hold(event_id)
    await buyer.expect(200, "POST", f"/api/booking/{paid['id']}/pay", {"card_number": CARD_NUMBER})
    await buyer.expect(200, "POST", f"/api/booking/{given_up['id']}/cancel")
    check_problem(await buyer.send("GET", "/api/event/999999999"), 404, "EVENT_NOT_FOUND")


@pytest.fixture
async def exposed(system: OnsaleUp, buyer: Buyer, event_id: int) -> Exposed:
    """All series of a system that has sold, once its background jobs have looked around."""
    await bring_everything_about(buyer, event_id)

    return await wait_for(
        lambda: scrape(system),
        lambda found: found.labels.keys() >= LOOKED,
        seconds_max=LOOK_SECONDS_MAX,
    )


@ON_BOTH_BUSES
async def test_every_metric_and_label_that_is_named_exists(exposed: Exposed) -> None:
    assert all_complaints(exposed) == []


async def test_a_metric_that_is_renamed_is_missed_wherever_it_is_named(exposed: Exposed) -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for where, query, _ in queries():
        for name in Query.parse(query).names():
            places[name].add(where)
    del places["up"]
    for name, named_in in places.items():
        complaints = all_complaints(exposed.renamed(name, f"{name}_now"))
        missed = {
            where for each in complaints for where, found, _ in [each.partition(": no ")] if found
        }
        assert missed == named_in, name
        assert all(name in each for each in complaints), complaints


async def test_a_label_that_is_renamed_is_missed(exposed: Exposed) -> None:
    named = {
        label
        for _, query, _ in queries()
        for label in Query.parse(query).groupings
        if label not in TARGET_LABELS
    }
    for label in named:
        missed = all_complaints(exposed.renamed(label, f"{label}_now"))
        assert any(complaint.endswith(f"a label {label}") for complaint in missed), label


async def test_no_label_can_have_ever_more_values_and_none_is_prometheus_own(
    exposed: Exposed,
) -> None:
    for name, label in exposed.own_labels():
        assert not UNBOUNDED.search(label), f"{name} {label}"
        assert label not in TARGET_LABELS, f"{name} {label}"
    for route in exposed.labels["onsale_http_requests_total"]["route"]:
        assert not re.search(r"\d", route), route


async def test_the_reference_names_every_metric_and_no_other(exposed: Exposed) -> None:
    ours = {SERIES_SUFFIX.sub("", name) for name in exposed.labels if name.startswith("onsale_")}
    documented = set(re.findall(r"^\| `(onsale_\w+)", REFERENCE.read_text(), re.MULTILINE))
    assert documented == ours


async def test_every_process_tells_whether_it_lives_and_how_late_it_is(system: OnsaleUp) -> None:
    async with httpx.AsyncClient() as http:
        for group in json.loads((system.data / "metrics-targets.json").read_text()):
            for target in group["targets"]:
                assert (await http.get(f"http://{target}/livez")).status_code == httpx.codes.OK
                metrics = (await http.get(f"http://{target}/metrics")).text
                assert "\nonsale_event_loop_lag_seconds " in metrics, group


def test_prometheus_is_told_where_to_ask_each_role(system: OnsaleUp) -> None:
    targets = json.loads((system.data / "metrics-targets.json").read_text())
    config = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())
    assert {group["labels"]["job"] for group in targets} == {
        each["job_name"] for each in config["scrape_configs"]
    }
