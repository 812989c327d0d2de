"""Settings come from the environment, and none has a default that would be a secret."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from onsale.settings import (
    ApiSettings,
    BusKind,
    BusSettings,
    DatabaseSettings,
    Settings,
    StoreSettings,
    WebhooksSettings,
    read_settings,
)
from onsale.settings_faults import complaints, unknown_files, unknown_names

REQUIRED = {
    "ONSALE_DATABASE_URL": "postgresql://db/onsale",
    "ONSALE_SEAT_STORE_URL": "redis://store/0",
    "ONSALE_BUS": "redis",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def said_of(kind: type[BaseSettings]) -> list[str]:
    with pytest.raises(ValidationError) as refusal:
        kind()
    return complaints(refusal.value)


def test_they_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_PORT", "8123")
    settings = Settings()
    assert (settings.port, settings.bus) == (8123, BusKind.REDIS)


@pytest.mark.parametrize("name", ["ONSALE_DATABASE_URL", "ONSALE_SEAT_STORE_URL"])
def test_an_address_has_no_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ValidationError, match=name.removeprefix("ONSALE_").lower()):
        Settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ONSALE_DATABASE_URL", "mysql://ada:hidden@db/onsale", "postgresql:// or postgres://"),
        ("ONSALE_DATABASE_URL", "db:hidden", "postgresql:// or postgres://"),
        # Passwords that nobody encoded.
        ("ONSALE_DATABASE_URL", "postgresql://ada:hidden/word@db/onsale", "write / as %2F"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:hidden?word@db/onsale", "write / as %2F"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:hidden#word@db/onsale", "write / as %2F"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:7#hidden@db/onsale", "# as %23"),
        ("ONSALE_DATABASE_URL", "postgresql://ada@b:hidden@db/onsale", "@ as %40"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:hid[den@db/onsale", "[ as %5B"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:hidden\u2100@db/onsale", "cannot be read"),
        ("ONSALE_DATABASE_URL", "postgresql://db:65536/onsale", "is no port"),
        ("ONSALE_DATABASE_URL", "postgresql://db:5432,/onsale", "is no port"),
        ("ONSALE_DATABASE_URL", "postgresql://db/onsale?hidden", "are no options"),
        ("ONSALE_SEAT_STORE_URL", "hidden", "redis://, rediss:// or unix://"),
        ("ONSALE_SEAT_STORE_URL", "http://hidden", "redis://, rediss:// or unix://"),
        ("ONSALE_SEAT_STORE_URL", "redis://ada:hidden@store:port/0", "is no port"),
        ("ONSALE_SEAT_STORE_URL", "", "redis://, rediss:// or unix://"),
    ],
)
def test_an_address_of_another_kind_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refusal:
        Settings()
    (problem,) = refusal.value.errors(include_input=False)
    assert said in problem["msg"]
    assert "hidden" not in problem["msg"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONSALE_DATABASE_URL", "postgres://ada@one:5432,two:5432/onsale"),
        ("ONSALE_DATABASE_URL", "postgresql://ada@/onsale?host=/run/postgresql"),
        ("ONSALE_DATABASE_URL", "postgresql:///onsale"),
        ("ONSALE_DATABASE_URL", "postgresql://ada:a%2Fb%40c@[::1]:5432,db/onsale?sslmode=require"),
        ("ONSALE_DATABASE_URL", "postgresql://ada@%2Frun%2Fpostgresql/onsale"),
        ("ONSALE_SEAT_STORE_URL", "rediss://store"),
        ("ONSALE_SEAT_STORE_URL", "unix:///run/redis.sock?db=1"),
    ],
)
def test_every_kind_of_address_that_works_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert value in (Settings().database_url, Settings().seat_store_url)


def test_kafka_needs_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_BUS", "kafka")
    (said,) = said_of(Settings)
    assert said.startswith("ONSALE_KAFKA_BOOTSTRAP is not set: host:port")


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (DatabaseSettings, ["DATABASE_URL"]),
        (StoreSettings, ["DATABASE_URL", "SEAT_STORE_URL"]),
        (BusSettings, ["KAFKA_BOOTSTRAP"]),
        (Settings, ["DATABASE_URL", "SEAT_STORE_URL", "KAFKA_BOOTSTRAP"]),
        (WebhooksSettings, ["DATABASE_URL", "TOKEN_SECRET"]),
        (ApiSettings, ["DATABASE_URL", "SEAT_STORE_URL", "KAFKA_BOOTSTRAP", "TOKEN_SECRET"]),
    ],
)
def test_everything_that_is_missing_is_told_at_once_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, kind: type[BaseSettings], needed: list[str]
) -> None:
    for name in REQUIRED:
        monkeypatch.delenv(name)
    said = said_of(kind)
    assert sorted(line.partition(" is not set: ")[0] for line in said) == sorted(
        f"ONSALE_{name}" for name in needed
    )


def test_the_broker_of_a_single_machine_is_the_seat_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONSALE_DATABASE_URL", "ONSALE_SEAT_STORE_URL"):
        monkeypatch.delenv(name)
    (said,) = said_of(BusSettings)
    assert said.startswith("ONSALE_SEAT_STORE_URL is not set: ")
    monkeypatch.setenv("ONSALE_SEAT_STORE_URL", "redis://store/0")
    assert BusSettings().seat_store_url == "redis://store/0"


def test_what_is_missing_is_told_together_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ONSALE_DATABASE_URL")
    monkeypatch.setenv("ONSALE_KAFKA_MIN_INSYNC", "3")
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "hunter2")
    said = said_of(ApiSettings)
    assert [line.split(maxsplit=1)[0].rstrip(":") for line in said] == [
        "ONSALE_DATABASE_URL",
        "ONSALE_KAFKA_MIN_INSYNC",
        "ONSALE_TOKEN_SECRET",
    ]
    assert "hunter2" not in "".join(said)


@pytest.mark.parametrize("limit", ["", "1000", "1000:", "many:20", "0:1", "1:0", "nan:1", "1:inf"])
def test_a_limit_that_is_none_is_told_what_one_looks_like(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv("ONSALE_BOOKING_LIMIT_PER_USER", limit)
    assert said_of(Settings) == [
        "ONSALE_BOOKING_LIMIT_PER_USER: a limit is burst:per second, such as 1000:20"
    ]


def test_a_file_that_is_no_setting_is_found_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    for name in (
        *("onsale_database_url", "ONSALE_TOKEN_SECRET", "postgres_password", "certificate.pem"),
        *("onsale_seat_stor_url", "database_url", "onsale_words_of_greeting"),
    ):
        (tmp_path / name).write_text("x")
    assert unknown_files(tmp_path) == {
        "onsale_seat_stor_url": "onsale_seat_store_url",
        "database_url": "onsale_database_url",
        "onsale_words_of_greeting": None,
    }


def test_a_name_that_is_no_setting_is_found_with_the_one_that_may_be_meant() -> None:
    known = [*REQUIRED, "ONSALE_DATA", "ONSALE_METRICS_PORT_TICKETING_2", "ONSALE_Port", "HOME"]
    assert unknown_names([*known, "ONSALE_TOKEN_SECRE", "ONSALE_SEATSTORE_URL", "ONSALE_X"]) == {
        "ONSALE_SEATSTORE_URL": "ONSALE_SEAT_STORE_URL",
        "ONSALE_TOKEN_SECRE": "ONSALE_TOKEN_SECRET",
        "ONSALE_X": None,
    }


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "hunter2")
    with pytest.raises(ValidationError) as refusal:
        WebhooksSettings()
    assert "token_secret" in str(refusal.value)
    assert "hunter2" not in str(refusal.value.errors(include_input=False))


def test_a_secret_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "x" * 32)
    assert "x" * 32 not in repr(WebhooksSettings())


def test_what_the_environment_lacks_comes_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ONSALE_DATABASE_URL")
    (tmp_path / "onsale_database_url").write_text("postgresql://from-a-file/onsale\n")
    (tmp_path / "onsale_seat_store_url").write_text("redis://from-a-file/0")
    settings = read_settings(Settings, {"ONSALE_SECRETS_DIR": str(tmp_path)})
    assert settings.database_url == "postgresql://from-a-file/onsale"
    assert settings.seat_store_url == REQUIRED["ONSALE_SEAT_STORE_URL"], "the environment is first"


def test_a_folder_of_secrets_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="nowhere"):
        read_settings(Settings, {"ONSALE_SECRETS_DIR": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        *(("", True), ("10.0.0.0/8", True), ("10.0.0.0/8, fd00::/8", True)),
        *(("10.0.0.1/8", False), ("everything", False)),
    ],
)
def test_networks_of_webhooks_are_judged_when_a_role_starts(
    monkeypatch: pytest.MonkeyPatch, text: str, *, is_good: bool
) -> None:
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "s" * 32)
    monkeypatch.setenv("ONSALE_WEBHOOK_ALLOWED_NETWORKS", text)
    if is_good:
        assert WebhooksSettings().webhook_allowed_networks == text
    else:
        assert "ONSALE_WEBHOOK_ALLOWED_NETWORKS" in said_of(WebhooksSettings)[0]
