"""Every role that exists is deployed, in every way that is offered, and no other."""

import re

import yaml

from onsale.cli.roles import worker_app
from tests.support.deployment import PROJECT

WORKERS = {command.name for command in worker_app.registered_commands}
COMMAND = re.compile(r"bin/onsale worker (\S+)")


def test_compose_runs_every_worker() -> None:
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
    commands = [service.get("command") for service in services.values()]
    assert {each[1] for each in commands if each and each[0] == "worker"} == WORKERS


def test_the_manifests_run_every_worker() -> None:
    found = set()
    for path in (PROJECT / "deploy/kubernetes/base").glob("*.yaml"):
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest["kind"] == "Deployment":
                (container,) = manifest["spec"]["template"]["spec"]["containers"]
                role, *kind = container["args"]
                found |= set(kind) if role == "worker" else set()
    assert found == WORKERS


def test_the_units_run_every_worker() -> None:
    units = (PROJECT / "deploy/systemd").glob("*.service")
    assert {role for unit in units for role in COMMAND.findall(unit.read_text())} == WORKERS
