"""Settings as they may be shown."""

import json
from pathlib import Path

import pytest

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.masking import MASK
from onsale.cli.settings_shown import SettingShown, settings_shown
from onsale.settings import ApiSettings

SECRET = "a-secret-of-32-bytes-that-is-never-shown"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def shown(data: Path | None = None) -> dict[str, SettingShown]:
    return {each.name: each for each in settings_shown(data)}


def test_every_setting_is_shown_with_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONSALE_PORT", "8123")
    found = shown()
    assert found.keys() >= {f"ONSALE_{name.upper()}" for name in ApiSettings.model_fields}
    assert (found["ONSALE_PORT"].value, found["ONSALE_PORT"].source) == ("8123", "environment")
    assert (found["ONSALE_HOST"].value, found["ONSALE_HOST"].source) == ("127.0.0.1", "default")
    database = found["ONSALE_DATABASE_URL"]
    assert (database.value, database.source) == (None, "not set")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("ONSALE_TOKEN_SECRET", SECRET, MASK),
        ("ONSALE_TOKEN", "hidden-word", MASK),
        (
            "ONSALE_DATABASE_URL",
            "postgresql://ada:hidden-word@db:5432/onsale",
            f"postgresql://ada:{MASK}@db:5432/onsale",
        ),
        (
            "ONSALE_DATABASE_URL",
            "postgresql://db/onsale?user=ada&password=hidden-word&sslmode=require",
            f"postgresql://db/onsale?user=ada&password={MASK}&sslmode=require",
        ),
        ("ONSALE_SEAT_STORE_URL", "rediss://:hidden-word@kv:6666/0", f"rediss://:{MASK}@kv:6666/0"),
        ("ONSALE_URL", "https://ada:hidden-word@x.example", f"https://ada:{MASK}@x.example"),
        # A password that nobody encoded.
        (
            "ONSALE_DATABASE_URL",
            "postgresql://ada:hid@den-hidden@db/onsale",
            f"postgresql://ada:{MASK}@db/onsale",
        ),
        ("ONSALE_DATABASE_URL", "postgresql://ada:12/hidden@db/onsale", MASK),
        ("ONSALE_DATABASE_URL", "postgresql://ada:hidden#4@db/onsale", MASK),
        ("ONSALE_DATABASE_URL", "postgresql://ada:12?hidden@db/onsale", MASK),
        ("ONSALE_DATABASE_URL", "ada:hidden@db/onsale", MASK),
        ("ONSALE_SEAT_STORE_URL", "redis://:hid/den@h:1/0", MASK),
        ("ONSALE_SEAT_STORE_URL", "redis://:p@hid/den@h:1/0", MASK),
        ("ONSALE_SEAT_STORE_URL", "redis://:hidden", MASK),
        ("ONSALE_SEAT_STORE_URL", "redis://:hid den@h:1/0", f"redis://:{MASK}@h:1/0"),
        (
            "ONSALE_DATABASE_URL",
            "postgresql://db/onsale?sslpassword=hid hidden",
            f"postgresql://db/onsale?sslpassword={MASK}",
        ),
    ],
)
def test_no_secret_is_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, kept: str
) -> None:
    monkeypatch.setenv(name, value)
    found = shown()
    assert found[name].value == kept
    assert not [each for each in found.values() if each.value and "hidden" in each.value]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONSALE_DATABASE_URL", "postgresql://onsale@db/onsale"),
        ("ONSALE_DATABASE_URL", "postgresql:///onsale?host=/run/postgresql&user=onsale"),
        ("ONSALE_DATABASE_URL", "postgresql://onsale@one:5432,two:5432/onsale"),
        ("ONSALE_SEAT_STORE_URL", "redis://[::1]:6379/0"),
        ("ONSALE_SEAT_STORE_URL", "unix:///run/redis.sock"),
        ("ONSALE_KAFKA_BOOTSTRAP", "one:9092,two:9092"),
        ("ONSALE_TRACE_ENDPOINT", "http://collector:4318/v1/traces"),
        ("ONSALE_TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8"),
    ],
)
def test_what_holds_no_password_is_shown_whole(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert shown()[name].value == value


def test_a_data_directory_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ONSALE_PORT", "1")
    (tmp_path / "environment.json").write_text(json.dumps({"ONSALE_PORT": "2"}))
    assert shown(tmp_path)["ONSALE_PORT"].value == "2"


@pytest.mark.parametrize("damaged", [b"null", b"[]", b'{"ONSALE_PORT": 2}', b"{", b"\xff", b""])
def test_a_damaged_data_directory_is_said_to_be_none(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "environment.json").write_bytes(damaged)
    with pytest.raises(CommandFailedError, match="there is no system in") as failed:
        settings_shown(tmp_path)
    assert failed.value.code is ExitCode.MISUSED


def test_what_stands_in_a_file_is_shown_with_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "onsale_token_secret"
    file.write_text(SECRET)
    monkeypatch.setenv("ONSALE_SECRETS_DIR", str(tmp_path))
    found = shown()["ONSALE_TOKEN_SECRET"]
    assert (found.value, found.source) == (MASK, str(file))
