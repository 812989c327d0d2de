"""The Kubernetes manifests, against Kubernetes's own schemas."""

from copy import deepcopy
from ipaddress import ip_address, ip_network

import pytest
import yaml

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.stopping import STOP_SECONDS_MAX
from onsale.service.ticketing.domain.webhook_address import PORTS
from tests.support.deployment import (
    KUSTOMIZATIONS,
    PROJECT,
    JsonObject,
    complaint,
    manifests,
)

FOLDER = PROJECT / "deploy" / "kubernetes"
OTHER_KINDS: JsonObject = yaml.safe_load(
    (PROJECT / "tests/deployment/other_kinds.yaml").read_text()
)


@pytest.fixture(scope="module")
def example() -> list[JsonObject]:
    return manifests(FOLDER / "example")


def _of_kind(found: list[JsonObject], *kinds: str) -> dict[str, JsonObject]:
    return {each["metadata"]["name"]: each for each in found if each["kind"] in kinds}


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_the_schemas_have_nothing_against_them(name: str) -> None:
    found = manifests(FOLDER / name)
    assert found
    assert [said for each in found if (said := complaint(each, OTHER_KINDS))] == []


def test_a_misspelt_word_is_found_in_every_kind(example: list[JsonObject]) -> None:
    for manifest in example:
        if manifest["kind"] == "ConfigMap":
            continue
        misspelt = deepcopy(manifest)
        misspelt["spec"]["replicaz"] = 2
        assert "replicaz" in complaint(misspelt, OTHER_KINDS), manifest["kind"]


def test_every_pod_can_write_nothing_become_nobody_and_is_bounded() -> None:
    found = [*manifests(FOLDER / "base"), *manifests(FOLDER / "migrate")]
    pods = _of_kind(found, "Deployment", "Job")
    assert len(pods) >= 4
    for name, manifest in pods.items():
        pod = manifest["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        (container,) = pod["containers"]
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert "memory" in container["resources"]["limits"], name
        assert all(
            "SECRET" not in each["name"] or "DIR" in each["name"] for each in container["env"]
        )


def test_every_role_has_longer_to_stop_than_it_takes_and_a_budget(
    example: list[JsonObject],
) -> None:
    budgets = _of_kind(example, "PodDisruptionBudget")
    for name, deployment in _of_kind(example, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pod["terminationGracePeriodSeconds"] > pause + STOP_SECONDS_MAX, name
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert budgets[name]["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_workers_are_scaled_by_the_lag_of_the_groups_that_exist(example: list[JsonObject]) -> None:
    topics = KafkaTopicBuilder()
    wanted = {
        "onsale-seat-reservation": (topics.seat_reservation_group(), topics.seat_commands()),
        "onsale-ticketing": (topics.ticketing_group(), topics.seat_results()),
    }
    deployments = _of_kind(example, "Deployment")
    scaled = _of_kind(example, "ScaledObject")
    for name, (group, topic) in wanted.items():
        (trigger,) = scaled[name]["spec"]["triggers"]
        metadata = trigger["metadata"]
        assert (metadata["consumerGroup"], metadata["topic"]) == (group, topic)
        assert scaled[name]["spec"]["scaleTargetRef"]["name"] in deployments
        # Two who decide would take turns.
        assert "replicas" not in deployments[name]["spec"]
    (api,) = _of_kind(example, "HorizontalPodAutoscaler").values()
    assert "replicas" not in deployments[api["spec"]["scaleTargetRef"]["name"]]["spec"]


def test_the_worker_that_delivers_alone_reaches_out_and_nothing_inside() -> None:
    found = manifests(FOLDER / "base")
    pods = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for name, each in _of_kind(found, "Deployment").items()
    }
    out = [
        (policy["spec"], rule)
        for policy in _of_kind(found, "NetworkPolicy").values()
        for rule in policy["spec"].get("egress", ())
        if any("ipBlock" in peer for peer in rule.get("to", ()))
    ]
    assert out
    for spec, rule in out:
        selected = spec["podSelector"]["matchLabels"].items()
        assert {name for name in pods if selected <= pods[name].items()} == {"onsale-webhooks"}
        assert {each["port"] for each in rule["ports"]} == PORTS
        blocks = [peer["ipBlock"] for peer in rule["to"]]
        assert _are_let_through(blocks, "93.184.216.34", "2606:2800:220:1::1")
        for inside in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.1"):
            assert not _are_let_through(blocks, inside), inside
        for inside in ("::1", "fd00::1", "fe80::1", "::ffff:10.1.2.3", "2002:a01:203::1"):
            assert not _are_let_through(blocks, inside), inside


def test_those_who_sign_have_the_secret_and_nobody_else() -> None:
    signing = set()
    for name, manifest in _of_kind(manifests(FOLDER / "base"), "Deployment").items():
        (secret,) = [
            volume["secret"]
            for volume in manifest["spec"]["template"]["spec"]["volumes"]
            if "secret" in volume
        ]
        if "onsale_token_secret" in {item["key"] for item in secret["items"]}:
            signing.add(name)
    assert signing == {"onsale-api", "onsale-webhooks"}


def test_every_pod_is_scraped_as_the_role_that_alerts_know(example: list[JsonObject]) -> None:
    scraped = {}
    for name, deployment in _of_kind(example, "Deployment").items():
        template = deployment["spec"]["template"]
        labels = template["metadata"]["labels"]
        monitors = [
            monitor["spec"]
            for monitor in _of_kind(example, "PodMonitor").values()
            if monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        ]
        assert len(monitors) == 1, name
        (endpoint,) = monitors[0]["podMetricsEndpoints"]
        (container,) = template["spec"]["containers"]
        assert endpoint["port"] in {port["name"] for port in container["ports"]}, name
        assert endpoint["path"] == "/metrics"
        scraped[name] = labels[monitors[0]["jobLabel"]]
    watched = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yaml").read_text())
    assert set(scraped.values()) == {job["job_name"] for job in watched["scrape_configs"]}


def _are_let_through(blocks: list[JsonObject], *addresses: str) -> bool:
    """Whether each of them lies in one of the blocks, and in nothing that the block leaves out."""
    return all(
        any(
            ip_address(address) in ip_network(block["cidr"])
            and not any(ip_address(address) in ip_network(each) for each in block["except"])
            for block in blocks
        )
        for address in addresses
    )


def test_addresses_that_an_overlay_changes_are_changed_everywhere(
    example: list[JsonObject],
) -> None:
    (settings,) = _of_kind(example, "ConfigMap").values()
    bootstrap = settings["data"]["ONSALE_KAFKA_BOOTSTRAP"]
    for scaled in _of_kind(example, "ScaledObject").values():
        assert scaled["spec"]["triggers"][0]["metadata"]["bootstrapServers"] == bootstrap
