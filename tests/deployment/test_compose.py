"""The compose file, as Compose itself reads it."""

import re
import shutil
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from onsale.platform.stopping import STOP_SECONDS_MAX
from onsale.settings_faults import unknown_names
from tests.support.deployment import PROJECT, JsonObject, compose_config, run_tool

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


def test_nobody_else_is_given_the_address_of_the_proxy(services: JsonObject) -> None:
    (edge,) = compose_config(COMPOSE)["networks"]["edge"]["ipam"]["config"]
    subnet, given_out = ip_network(edge["subnet"]), ip_network(edge["ip_range"])
    address = ip_address(services["proxy"]["networks"]["edge"]["ipv4_address"])
    assert address in subnet
    assert address != next(subnet.hosts()), "the engine's own"
    assert given_out.subnet_of(subnet)  # type: ignore[arg-type]
    assert address not in given_out


def test_every_role_waits_for_the_schema_and_for_the_stores_that_it_needs(
    services: JsonObject,
) -> None:
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for role in ROLES:
        waits = {name: each["condition"] for name, each in services[role]["depends_on"].items()}
        # Old code on a new schema is fine, new code on an old one is not.
        assert waits.pop("migrate") == "service_completed_successfully", role
        assert set(waits.values()) == {"service_healthy"}, role
        assert waits.keys() == {"kvrocks", "kafka-1", "kafka-2", "kafka-3"}, role


def test_what_ends_is_started_again_but_for_what_is_done(services: JsonObject) -> None:
    for name, service in services.items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name


@pytest.fixture
def made_secrets(tmp_path: Path) -> Path:
    """What `deploy/make-secrets` makes, of a copy of it."""
    script = tmp_path / "make-secrets"
    shutil.copy(PROJECT / "deploy" / "make-secrets", script)
    run = run_tool("sh", "-c", 'umask 022; exec "$0"', script)
    assert run.returncode == 0, run.stderr
    return tmp_path / "secrets"


def test_secrets_are_made_for_each_service_and_nobody_else_can_reach_them(
    made_secrets: Path,
) -> None:
    secrets = compose_config(COMPOSE)["secrets"]
    assert {path.name for path in made_secrets.iterdir()} == {
        Path(secret["file"]).name for secret in secrets.values()
    }
    # The services, which run as others, are handed the files; the folder keeps everybody out.
    assert made_secrets.stat().st_mode & 0o077 == 0
    for path in made_secrets.iterdir():
        assert path.read_text().strip(), path.name
    before = {path.name: path.read_text() for path in made_secrets.iterdir()}
    assert run_tool(made_secrets.parent / "make-secrets").returncode == 0
    assert {path.name: path.read_text() for path in made_secrets.iterdir()} == before
    for name, secret in secrets.items():
        if name.startswith("onsale_"):
            assert unknown_names([Path(secret["file"]).name.upper()]) == {}


def test_kvrocks_wants_the_password_that_the_roles_have(
    services: JsonObject, made_secrets: Path, tmp_path: Path
) -> None:
    kvrocks = services["kvrocks"]
    (tmp_path / "run").mkdir()
    (tmp_path / "kvrocks").write_text('#!/bin/sh\ncat "$2"\n')
    (tmp_path / "kvrocks").chmod(0o755)
    (script,) = kvrocks["command"]
    for there, here in (
        ("$$", "$"),
        ("/etc/kvrocks/kvrocks.conf", str(PROJECT / "deploy/kvrocks/kvrocks.conf")),
        ("/run/secrets", str(made_secrets)),
        ("/run/kvrocks", str(tmp_path / "run")),
        ("exec kvrocks ", f"exec {tmp_path}/kvrocks "),
    ):
        assert there in script
        script = script.replace(there, here)
    run = run_tool(*kvrocks["entrypoint"], script)
    assert run.returncode == 0, run.stderr
    settings = dict(line.split(maxsplit=1) for line in run.stdout.splitlines() if line[0] != "#")
    url = urlsplit((made_secrets / "onsale_seat_store_url").read_text())
    assert settings["requirepass"] == url.password
    assert settings["port"] == str(url.port)
    assert f"-p {settings['port']} " in kvrocks["healthcheck"]["test"][-1]


def test_the_roles_have_the_password_that_postgresql_wants(
    services: JsonObject, made_secrets: Path
) -> None:
    url = urlsplit((made_secrets / "onsale_database_url").read_text())
    environment = services["postgres"]["environment"]
    wanted = made_secrets / Path(environment["POSTGRES_PASSWORD_FILE"]).name
    assert url.password == wanted.read_text()
    assert url.username == environment["POSTGRES_USER"]
    assert url.path == f"/{environment['POSTGRES_DB']}"
    assert url.hostname == "postgres"


def test_prometheus_asks_the_ports_at_which_metrics_are_served(services: JsonObject) -> None:
    for job in yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]:
        for found in job["dns_sd_configs"]:
            (name,) = found["names"]
            environment = services[name]["environment"]
            served = environment.get("ONSALE_METRICS_PORT", environment.get("ONSALE_PORT"))
            assert str(found["port"]) == served, job["job_name"]


def test_the_dashboard_asks_the_prometheus_that_there_is(services: JsonObject) -> None:
    path = PROJECT / "deploy/grafana/provisioning/datasources/prometheus.yaml"
    (source,) = yaml.safe_load(path.read_text())["datasources"]
    url = urlsplit(source["url"])
    assert services[url.hostname]["image"].startswith("prom/prometheus:")
    assert url.port in {port["target"] for port in services[url.hostname]["ports"]}


def test_prometheus_looks_for_services_that_exist(services: JsonObject) -> None:
    jobs = yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]
    looked_for = {
        name for job in jobs for found in job.get("dns_sd_configs", ()) for name in found["names"]
    }
    assert looked_for == {name for name in services if name.startswith(("api", "worker-"))}
