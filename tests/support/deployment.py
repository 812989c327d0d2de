"""The files of a deployment, read with the tools that read them in earnest."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import yaml

PROJECT = Path(__file__).resolve().parents[2]
BINARIES = Path(sys.executable).parent
KUSTOMIZATIONS = ("base", "migrate", "example")
# The oldest that has everything that is used: the pause before a pod stops.
KUBERNETES_VERSION = "1.30"
TOOL_SECONDS_MAX = 60
SETTING = re.compile(r"\bONSALE_[A-Z0-9_]*[A-Z0-9]\b")

JsonObject = dict[str, Any]


def run_tool(*command: str | Path, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run one to its end."""
    return subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS_MAX,
        check=False,
    )


def compose_config(file: Path) -> JsonObject:
    """What ``docker compose config`` makes of the file.

    Raises:
        ValueError: it does not accept it.
    """
    run = run_tool(
        BINARIES / "docker-compose", "--file", file, "config", "--format", "json", cwd=file.parent
    )
    if run.returncode != 0:
        raise ValueError(run.stderr)
    config: JsonObject = json.loads(run.stdout)
    return config


def manifests(folder: Path) -> list[JsonObject]:
    """What ``kubectl kustomize`` makes of the folder.

    Raises:
        ValueError: it does not accept it.
    """
    run = run_tool(BINARIES / "kubectl", "kustomize", folder)
    if run.returncode != 0:
        raise ValueError(run.stderr)
    return list(yaml.safe_load_all(run.stdout))


def complaint(manifest: JsonObject, others: JsonObject) -> str:
    """What Kubernetes's schema has against the manifest; empty for nothing. ``others`` are schemas
    of kinds that do not come with Kubernetes.
    """
    schema = others.get(manifest["kind"])
    try:
        if schema is not None:
            jsonschema.validate(manifest, schema)
        else:
            kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)
    except jsonschema.ValidationError as error:
        return f"{manifest['kind']}: {error.message}"
    return ""


def settings_named(path: Path) -> set[str]:
    """Everything in the file that looks like a setting of onsale."""
    return set(SETTING.findall(path.read_text()))
