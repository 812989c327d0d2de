"""Settings come from the environment, and none has a default that would be a secret."""

import pytest
from pydantic import ValidationError

from onsale.settings import BusKind, Settings

REQUIRED = {
    "ONSALE_DATABASE_URL": "postgresql://db/onsale",
    "ONSALE_SEAT_STORE_URL": "redis://store/0",
    "ONSALE_BUS": "redis",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def test_they_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_PORT", "8123")
    settings = Settings()
    assert (settings.port, settings.bus, settings.token_secret) == (8123, BusKind.REDIS, None)


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
    with pytest.raises(ValidationError, match="ONSALE_KAFKA_BOOTSTRAP"):
        Settings()


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "hunter2")
    with pytest.raises(ValidationError) as refusal:
        Settings()
    assert "ONSALE_TOKEN_SECRET" in str(refusal.value)
    assert "hunter2" not in str(refusal.value.errors(include_input=False))


def test_a_secret_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONSALE_TOKEN_SECRET", "x" * 32)
    assert "x" * 32 not in repr(Settings())
