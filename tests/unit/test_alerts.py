"""The alerts, their figures, their sections of the runbook, the dashboard as a file."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.servers.protocol import PROJECT
from tests.support.missing import is_missing

PROMETHEUS = PROJECT / "deploy" / "prometheus"
RUNBOOK = PROJECT / "docs" / "runbook.md"
DASHBOARD = PROJECT / "deploy" / "grafana" / "onsale.json"
PROMTOOL = PROJECT / ".cache" / "prometheus" / "usr" / "bin" / "promtool"
ALERTS: Mapping[str, Any] = {
    rule["alert"]: rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
SECTIONS = re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
GRID_WIDTH = 24
THRESHOLD = re.compile(r"> ([\d.]+)")


def run_promtool(*arguments: str, cwd: Path = PROMETHEUS) -> subprocess.CompletedProcess[str]:
    """Run it; where it cannot be had the test is skipped, except in CI."""
    promtool = shutil.which("promtool") or (str(PROMTOOL) if PROMTOOL.exists() else None)
    if promtool is None:
        is_missing("promtool; make promtool fetches it")
    return subprocess.run(
        [promtool, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", "alerts_test.yaml"),
    ],
    ids=" ".join,
)
def test_prometheus_takes_them_and_each_alert_fires_at_its_figures(
    arguments: tuple[str, ...],
) -> None:
    run = run_promtool(*arguments)
    assert run.returncode == 0, run.stdout + run.stderr


def _mistakes(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The rule as it might have been written by mistake: a condition that never or always holds, a
    threshold that is somewhat too high or too low, more or less patience.
    """
    yield {**rule, "expr": f"({rule['expr']}) and on () vector(1) < 0"}
    yield {**rule, "expr": "vector(1)"}
    if THRESHOLD.search(rule["expr"]):
        yield {**rule, "expr": THRESHOLD.sub(_higher, rule["expr"])}
        yield {**rule, "expr": THRESHOLD.sub(_lower, rule["expr"])}
    seconds = _seconds(rule.get("for", "0s"))
    yield {**rule, "for": f"{2 * seconds + 30}s"}
    if seconds:
        yield {**rule, "for": f"{seconds // 2}s"}


def _higher(found: re.Match[str]) -> str:
    return f"> {1.3 * float(found[1]) or 1}"


def _lower(found: re.Match[str]) -> str:
    return f"> {0.85 * float(found[1]) or -1}"


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


@pytest.mark.promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_that_is_written_wrong_is_noticed(alert: str, tmp_path: Path) -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text())
    tests["tests"] = [each for each in tests["tests"] if each["name"].startswith(f"{alert} ")]
    (tmp_path / "alerts_test.yaml").write_text(yaml.safe_dump(tests))

    def run_with(rule: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        groups = [{"name": "onsale", "rules": [rule]}]
        (tmp_path / "alerts.yaml").write_text(yaml.safe_dump({"groups": groups}))
        return run_promtool("test", "rules", "alerts_test.yaml", cwd=tmp_path)

    assert run_with(ALERTS[alert]).returncode == 0
    for mistake in _mistakes(ALERTS[alert]):
        run = run_with(mistake)
        assert run.returncode != 0, mistake
        assert alert in run.stdout + run.stderr


def test_each_alert_has_figures_at_which_it_fires_and_figures_at_which_it_is_silent() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text())["tests"]
    kinds = [re.fullmatch(r"(\w+ (?:fires|is silent))(?:, .+)?", each["name"]) for each in tests]
    assert list(dict.fromkeys(kind[1] for kind in kinds if kind)) == [
        f"{alert} {kind}" for alert in ALERTS for kind in ("fires", "is silent")
    ]


def test_the_alert_of_a_missing_role_knows_every_role_that_is_watched() -> None:
    watched = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())["scrape_configs"]
    named = re.findall(r'absent\(up\{job="([^"]+)"\}\)', ALERTS["OnsaleRoleMissing"]["expr"])
    assert named == [job["job_name"] for job in watched]


def test_the_runbook_tells_whom_each_alert_wakes_and_after_how_long() -> None:
    told = re.findall(
        r"^\| \[(\w+)\]\(#(\w+)\) \| (\w+) \| (\S+) \|$", RUNBOOK.read_text(), re.MULTILINE
    )
    assert told == [
        (alert, alert.lower(), rule["labels"]["severity"], rule.get("for", "0s"))
        for alert, rule in ALERTS.items()
    ]


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_is_wrong_and_leads_to_its_section(alert: str) -> None:
    rule = ALERTS[alert]
    promql_parser.parse(rule["expr"])
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{alert.lower()}"
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    assert sorted(name for name, _ in SECTIONS) == sorted(ALERTS)


@pytest.mark.parametrize(("alert", "text"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_each_section_says_what_it_means_what_to_look_at_and_what_to_do(
    alert: str, text: str
) -> None:
    parts = re.findall(r"^\*\*(.+?)\*\*", text, re.MULTILINE)
    assert parts == ["Means.", "Look at.", "Do."], alert
    panels = {panel["title"] for panel in json.loads(DASHBOARD.read_text())["panels"]}
    # What is named in italics is a panel, or the beginning of one's title.
    for named in re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text):
        assert any(title.startswith(named) for title in panels), f"{alert}: no panel {named}"


def test_panels_stand_side_by_side_and_ask_the_chosen_source() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= GRID_WIDTH, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
            assert panel["description"].endswith("."), panel["title"]
