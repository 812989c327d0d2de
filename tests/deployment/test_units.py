"""The systemd units, judged by systemd itself."""

import shutil
from ipaddress import ip_network
from pathlib import Path

import pytest

from onsale.platform.stopping import STOP_SECONDS_MAX
from onsale.settings_faults import unknown_names
from tests.support.deployment import PROJECT, run_tool
from tests.support.onsale_up import ONSALE

UNITS = PROJECT / "deploy" / "systemd"
NAMES = sorted(path.name for path in UNITS.glob("*.service"))
# Of ten: what systemd calls a service that it has no fault to find with is below two.
EXPOSURE_MAX = "20"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with the command where it is here: systemd looks whether there is one."""
    assert shutil.which("systemd-analyze"), "make deploy-tools"
    for path in (*UNITS.glob("*.service"), *UNITS.glob("*.target")):
        text = path.read_text().replace("/opt/onsale/bin/onsale", str(ONSALE))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def _verify(unit: Path) -> str:
    run = run_tool("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    return "" if run.returncode == 0 and not run.stderr else run.stderr or "refused"


@pytest.mark.parametrize("name", [*NAMES, "onsale.target"])
def test_systemd_has_nothing_against_it(units: Path, name: str) -> None:
    assert _verify(units / name) == ""


def test_a_misspelt_word_is_found(units: Path) -> None:
    unit = units / "onsale-api@.service"
    unit.write_text(unit.read_text().replace("TimeoutStopSec=", "TimeoutStopSecs="))
    assert "TimeoutStopSecs" in _verify(unit)


def _values(name: str, key: str) -> list[str]:
    lines = (UNITS / name).read_text().splitlines()
    return [line.removeprefix(f"{key}=") for line in lines if line.startswith(f"{key}=")]


@pytest.mark.parametrize("name", NAMES)
def test_credentials_are_settings_from_files_of_the_same_name(name: str) -> None:
    for credential in _values(name, "LoadCredential"):
        setting, path = credential.split(":")
        assert unknown_names([setting.upper()]) == {}
        assert path == f"/etc/onsale/secrets/{setting}"


def test_those_who_sign_have_the_secret_and_nobody_else() -> None:
    credentials = {
        name: {each.split(":")[0] for each in _values(name, "LoadCredential")} for name in NAMES
    }
    signing = {name for name, given in credentials.items() if "onsale_token_secret" in given}
    assert signing == {"onsale-api@.service", "onsale-webhooks@.service"}
    for name, given in credentials.items():
        assert "onsale_database_url" in given, name
        assert ("onsale_seat_store_url" in given) == (name != "onsale-migrate.service"), name


@pytest.mark.parametrize("name", NAMES)
def test_what_ends_is_started_again_but_for_what_is_done(name: str) -> None:
    if _values(name, "Type") == ["oneshot"]:
        assert _values(name, "Restart") == []
    else:
        # Also after an orderly end, and however often it has failed.
        assert _values(name, "Restart") == ["always"]
        assert _values(name, "StartLimitIntervalSec") == ["0"]


def test_the_proxy_of_this_machine_alone_is_believed() -> None:
    (trusted,) = _values("settings.env", "ONSALE_TRUSTED_PROXIES")
    assert all(ip_network(each).is_loopback for each in trusted.split(","))


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_is_shut_in_and_has_longer_to_stop_than_it_takes(units: Path, name: str) -> None:
    run = run_tool(
        *("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}"),
        units / name,
    )
    assert run.returncode == 0, run.stdout[-2_000:] + run.stderr
    lines = dict(
        line.split("=", 1) for line in (units / name).read_text().splitlines() if "=" in line
    )
    if lines.get("Type") != "oneshot":
        assert int(lines["TimeoutStopSec"]) > STOP_SECONDS_MAX
