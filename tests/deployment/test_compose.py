"""The compose file, as Compose itself reads it."""

import re
from pathlib import Path

import pytest
import yaml

from onsale.platform.stopping import STOP_SECONDS_MAX
from tests.support.deployment import PROJECT, JsonObject, compose_config

COMPOSE = PROJECT / "compose.yaml"
PROMETHEUS = PROJECT / "deploy/prometheus/prometheus.yaml"
# The API looks up the names of receivers, and shares its network with the proxy alone.
WAYS_OUT = {"api": ["edge"], "worker-webhooks": ["receivers"]}
ROLES = ("api", "worker-seat-reservation", "worker-ticketing", "worker-webhooks")


@pytest.fixture(scope="module")
def services() -> JsonObject:
    found: JsonObject = compose_config(COMPOSE)["services"]
    return found


def _seconds(duration: str) -> float:
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration).groups()  # type: ignore[union-attr]
    return 60 * int(minutes or 0) + int(seconds or 0)


def test_compose_accepts_the_file_and_refuses_a_misspelt_word(tmp_path: Path) -> None:
    compose_config(COMPOSE)
    text = COMPOSE.read_text()
    assert "stop_grace_period" in text
    misspelt = tmp_path / "compose.yaml"
    misspelt.write_text(text.replace("stop_grace_period", "stop_grace_peroid"))
    with pytest.raises(ValueError, match="stop_grace_peroid"):
        compose_config(misspelt)


def test_every_role_has_two_processes_and_longer_to_stop_than_it_takes(
    services: JsonObject,
) -> None:
    for role in ROLES:
        assert services[role]["deploy"]["replicas"] == 2
        assert _seconds(services[role]["stop_grace_period"]) > STOP_SECONDS_MAX


def test_what_is_built_here_can_write_nothing_and_become_nobody(services: JsonObject) -> None:
    for role in (*ROLES, "migrate"):
        service = services[role]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]


def test_every_service_is_bounded_and_whatever_serves_is_asked_for_its_health(
    services: JsonObject,
) -> None:
    for name, service in services.items():
        if name == "migrate":
            continue
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory"} <= limits.keys(), name
    for name in (*ROLES, "postgres", "kvrocks", "kafka-1", "kafka-2", "kafka-3"):
        assert "healthcheck" in services[name], name


def test_secrets_are_files_and_each_role_gets_its_own_alone(services: JsonObject) -> None:
    given = {
        name: {secret["source"] for secret in service.get("secrets", ())}
        for name, service in services.items()
    }
    stores = {"onsale_database_url", "onsale_seat_store_url"}
    assert given["api"] == given["worker-webhooks"] == {*stores, "onsale_token_secret"}
    assert given["worker-seat-reservation"] == given["worker-ticketing"] == stores
    assert given["migrate"] == {"onsale_database_url"}
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            is_file = variable.endswith("_FILE")
            assert is_file or not re.search("PASSWORD|SECRET$|_URL$", variable), (name, value)


def test_the_stores_keep_what_they_acknowledge(services: JsonObject) -> None:
    kvrocks = (PROJECT / "deploy/kvrocks/kvrocks.conf").read_text()
    assert "rocksdb.write_options.sync yes" in kvrocks.splitlines()
    for number in ("1", "2", "3"):
        settings = services[f"kafka-{number}"]["environment"]
        assert settings["KAFKA_NODE_ID"] == number
        assert settings["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
        assert settings["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == "3"
    assert services["api"]["environment"]["ONSALE_KAFKA_REPLICATION"] == "3"
    assert "-carchive_mode=on" in services["postgres"]["command"]


def test_the_log_of_postgresql_quotes_no_row(services: JsonObject) -> None:
    assert "-clog_error_verbosity=terse" in services["postgres"]["command"]


def test_who_delivers_has_a_way_out_and_the_api_the_one_to_its_proxy(services: JsonObject) -> None:
    networks: JsonObject = compose_config(COMPOSE)["networks"]
    assert not networks["receivers"].get("internal", False)
    for name in (*ROLES, "migrate"):
        ways_out = [
            each for each in services[name]["networks"] if not networks[each].get("internal")
        ]
        assert ways_out == WAYS_OUT.get(name, []), name
    assert {name for name, each in services.items() if "edge" in each["networks"]} == {
        "proxy",
        "api",
    }
    for name, service in services.items():
        assert ("receivers" in service["networks"]) == (name == "worker-webhooks"), name
        # What publishes a port must have somewhere to publish it.
        if service.get("ports"):
            assert not all(networks[each].get("internal") for each in service["networks"]), name


def test_everybody_reaches_whom_they_need(services: JsonObject) -> None:
    stores = ("postgres", "kvrocks", "kafka-1", "kafka-2", "kafka-3")
    needed = [
        *((role, store) for role in ROLES for store in stores),
        ("migrate", "postgres"),
        ("proxy", "api"),
        *(("prometheus", role) for role in ROLES),
        ("grafana", "prometheus"),
    ]
    for one, other in needed:
        shared = services[one]["networks"].keys() & services[other]["networks"].keys()
        assert shared, f"{one} and {other}"


def test_only_the_proxy_is_believed_and_only_it_is_public(services: JsonObject) -> None:
    address = services["proxy"]["networks"]["edge"]["ipv4_address"]
    assert services["api"]["environment"]["ONSALE_TRUSTED_PROXIES"] == f"{address}/32"
    for name, service in services.items():
        for port in service.get("ports", ()):
            assert name == "proxy" or port["host_ip"] == "127.0.0.1", name


def test_prometheus_looks_for_services_that_exist(services: JsonObject) -> None:
    jobs = yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]
    looked_for = {
        name for job in jobs for found in job.get("dns_sd_configs", ()) for name in found["names"]
    }
    assert looked_for == {name for name in services if name.startswith(("api", "worker-"))}
