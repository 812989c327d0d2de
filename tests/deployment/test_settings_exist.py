"""Every variable that a file of the deployment or a document names is a setting that exists."""

from pathlib import Path

import pytest

from onsale.settings_faults import unknown_names
from tests.support.deployment import PROJECT, run_tool, settings_named

# What is tracked, so that a folder of secrets beside them is not read.
_TRACKED = run_tool("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout
_NAMED = (
    "deploy/",
    "docs/",
    "README.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "compose.yaml",
    "Makefile",
)
FILES = [
    path
    for path in _TRACKED.splitlines()
    if path.startswith(_NAMED) and not path.endswith(".png") and (PROJECT / path).is_file()
]


def test_there_are_files_that_name_settings() -> None:
    named = {path for path in FILES if settings_named(PROJECT / path)}
    assert {"README.md", "compose.yaml", "deploy/kubernetes/base/settings.env"} <= named


@pytest.mark.parametrize("path", FILES)
def test_every_variable_is_a_setting(path: str) -> None:
    assert unknown_names(settings_named(PROJECT / path)) == {}


def test_a_misspelt_variable_is_found_with_the_one_that_is_meant(tmp_path: Path) -> None:
    settings = (PROJECT / "deploy/kubernetes/base/settings.env").read_text()
    assert settings.count("ONSALE_KAFKA_REPLICATION=") == 1
    misspelt = tmp_path / "settings.env"
    misspelt.write_text(settings.replace("ONSALE_KAFKA_REPLICATION=", "ONSALE_KAFKA_REPLICATON="))
    assert unknown_names(settings_named(misspelt)) == {
        "ONSALE_KAFKA_REPLICATON": "ONSALE_KAFKA_REPLICATION"
    }
