"""What the manifests must hold among themselves, and with what the processes do."""

import re
from ipaddress import ip_address, ip_network

import pytest
import yaml

from onsale.service.ticketing.driving_adapter.http_controller.sse import HEARTBEAT_SECONDS
from onsale.settings_faults import unknown_names
from tests.support.deployment import PROJECT, JsonObject, manifests

FOLDER = PROJECT / "deploy" / "kubernetes"
PART = {"app.kubernetes.io/part-of": "onsale"}
ALIVE, READY = "/livez", "/readyz"


@pytest.fixture(scope="module")
def example() -> list[JsonObject]:
    return manifests(FOLDER / "example")


@pytest.fixture(scope="module")
def settings(example: list[JsonObject]) -> dict[str, str]:
    (found,) = (each["data"] for each in example if each["kind"] == "ConfigMap")
    return dict(found)


@pytest.fixture(scope="module")
def deployments(example: list[JsonObject]) -> dict[str, JsonObject]:
    return _of_kind(example, "Deployment")


def _of_kind(found: list[JsonObject], kind: str) -> dict[str, JsonObject]:
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


def _container(deployment: JsonObject) -> JsonObject:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    found: JsonObject = container
    return found


def test_each_probe_asks_a_port_that_is_served(
    deployments: dict[str, JsonObject], settings: dict[str, str]
) -> None:
    for name, deployment in deployments.items():
        container = _container(deployment)
        served = "ONSALE_PORT" if container["args"] == ["api"] else "ONSALE_METRICS_PORT"
        (port,) = container["ports"]
        assert str(port["containerPort"]) == settings[served], name
        for kind in ("startupProbe", "livenessProbe"):
            assert container[kind]["httpGet"]["port"] == port["name"], (name, kind)


def test_a_rollout_waits_until_all_is_reached_and_nobody_ends_for_a_store_that_is_away(
    deployments: dict[str, JsonObject],
) -> None:
    """Were all unready, nobody would be answered at all, and a restart brings no store back."""
    for name, deployment in deployments.items():
        container = _container(deployment)
        is_api = container["args"] == ["api"]
        asked = {
            kind: probe["httpGet"]["path"] for kind, probe in container.items() if "Probe" in kind
        }
        assert asked.pop("startupProbe") == (READY if is_api else ALIVE), name
        assert set(asked.values()) == {ALIVE}, name
        assert asked.keys() == {"livenessProbe", *({"readinessProbe"} if is_api else ())}, name


def test_an_api_serves_on_until_nobody_sends_it_requests(
    deployments: dict[str, JsonObject],
) -> None:
    container = _container(deployments["onsale-api"])
    probe = container["readinessProbe"]
    pause_seconds = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pause_seconds > probe["periodSeconds"] * probe["failureThreshold"]


def test_of_each_role_there_are_two_and_one_of_them_may_be_taken(
    example: list[JsonObject], deployments: dict[str, JsonObject]
) -> None:
    least = {
        **{name: each["spec"].get("replicas") for name, each in deployments.items()},
        **{
            each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
            for each in _of_kind(example, "ScaledObject").values()
        },
        **{
            each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicas"]
            for each in _of_kind(example, "HorizontalPodAutoscaler").values()
        },
    }
    budgets = _of_kind(example, "PodDisruptionBudget")
    for name in deployments:
        assert least[name] >= 2, name
        assert 1 <= budgets[name]["spec"]["maxUnavailable"] < least[name], name


def test_there_are_never_more_workers_than_partitions(
    example: list[JsonObject], settings: dict[str, str]
) -> None:
    for name, scaled in _of_kind(example, "ScaledObject").items():
        assert scaled["spec"]["maxReplicaCount"] <= int(settings["ONSALE_PARTITION_COUNT"]), name


def test_workers_are_added_before_anybody_is_woken(example: list[JsonObject]) -> None:
    (rule,) = (
        rule
        for group in yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yaml").read_text())[
            "groups"
        ]
        for rule in group["rules"]
        if rule["alert"] == "OnsaleConsumersBehind"
    )
    (woken_at,) = re.findall(r"> (\d+)", rule["expr"])
    for name, scaled in _of_kind(example, "ScaledObject").items():
        (trigger,) = scaled["spec"]["triggers"]
        # So many for each worker that there is.
        lag = int(trigger["metadata"]["lagThreshold"])
        assert lag * scaled["spec"]["minReplicaCount"] < int(woken_at), name


def test_the_ingress_passes_streams_repeats_nothing_and_keeps_metrics_in(
    example: list[JsonObject],
) -> None:
    (ingress,) = _of_kind(example, "Ingress").values()
    told = {
        key.removeprefix("nginx.ingress.kubernetes.io/"): value
        for key, value in ingress["metadata"]["annotations"].items()
    }
    assert told["proxy-buffering"] == "off"
    assert int(told["proxy-read-timeout"]) > 2 * HEARTBEAT_SECONDS
    # A POST that was sent may have been heard.
    assert set(told["proxy-next-upstream"].split()) == {"error", "timeout"}
    (rule,) = ingress["spec"]["rules"]
    leads_to = {
        path["path"]: (path["pathType"], path["backend"]["service"]["name"])
        for path in rule["http"]["paths"]
    }
    services = _of_kind(example, "Service")
    kind, nowhere = leads_to.pop("/metrics")
    assert (kind, nowhere in services) == ("Exact", False)
    assert leads_to == {"/": ("Prefix", "onsale-api")}
    assert "onsale-api" in services


def test_nothing_comes_in_or_goes_out_but_what_is_named(
    example: list[JsonObject], deployments: dict[str, JsonObject], settings: dict[str, str]
) -> None:
    policies = [each["spec"] for each in _of_kind(example, "NetworkPolicy").values()]
    assert {"podSelector": {"matchLabels": PART}, "policyTypes": ["Ingress", "Egress"]} in policies
    for name, deployment in deployments.items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert PART.items() <= labels.items(), name
        (port,) = _container(deployment)["ports"]
        let_in = [
            rule
            for policy in policies
            if policy["podSelector"]["matchLabels"].items() <= labels.items()
            for rule in policy.get("ingress", ())
        ]
        assert let_in, name
        for rule in let_in:
            # Without a sender everybody would be one.
            assert rule["from"], name
            assert all(peer["namespaceSelector"]["matchLabels"] for peer in rule["from"]), name
            assert [each["port"] for each in rule["ports"]] == [port["containerPort"]], name


def test_secrets_that_are_mounted_are_made_and_are_settings() -> None:
    guide = (PROJECT / "docs" / "deploy.md").read_text()
    made = set(re.findall(r"--from-file=(\w+)", guide))
    mounted = set()
    for manifest in (*manifests(FOLDER / "base"), *manifests(FOLDER / "migrate")):
        for volume in (
            manifest.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", ())
        ):
            for item in volume.get("secret", {}).get("items", ()):
                assert item["key"] == item["path"]
                assert unknown_names([item["path"].upper()]) == {}
                mounted.add(item["key"])
    assert mounted == made


def test_nobody_of_the_internet_is_believed(settings: dict[str, str]) -> None:
    for network in settings["ONSALE_TRUSTED_PROXIES"].split(","):
        assert ip_network(network).is_private
        assert ip_address("93.184.216.34") not in ip_network(network)
