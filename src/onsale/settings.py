"""Settings, read from the environment (``ONSALE_…``) once, in the composition root."""

from collections.abc import Mapping
from enum import StrEnum
from errno import ENOTDIR
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from onsale.platform.database.addresses import check_address
from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.domain.webhook_address import read_networks

PREFIX = "ONSALE_"
# Of the command line, of the tests and of the checks.
READ_ELSEWHERE = frozenset(
    {
        "ONSALE_CACHE",
        "ONSALE_DATA",
        "ONSALE_MODEL_EXAMPLES",
        "ONSALE_OSV_URL",
        "ONSALE_SECRETS_DIR",
        "ONSALE_TOKEN",
        "ONSALE_URL",
        "ONSALE_WRITE_CONTROLS",
    }
)
# A folder of files that are named like the variables they stand in for, in small letters, as
# Compose, Kubernetes and systemd hand secrets over: an environment is seen by too many.
SECRETS_DIRECTORY = "ONSALE_SECRETS_DIR"
TOKEN_SECRET_BYTES_MIN = 32
DATABASE_SCHEMES = ("postgresql://", "postgres://")
SEAT_STORE_SCHEMES = ("redis://", "rediss://", "unix://")
COLLECTOR_SCHEMES = ("http://", "https://")
_SEAT_STORE = "Kvrocks, or any Redis-protocol server: redis://host:port/0"


class RateLimitsKind(StrEnum):
    """Whether clients and users are limited; load tests are not."""

    ON = "on"
    OFF = "off"


def _limit(text: str) -> str:
    Limit.parse(text)
    return text


def _database_url(text: str) -> str:
    if not text.startswith(DATABASE_SCHEMES):
        raise ValueError(f"the address of PostgreSQL begins with {_either(DATABASE_SCHEMES)}")
    check_address(text)
    return text


def _seat_store_url(text: str) -> str:
    if not text.startswith(SEAT_STORE_SCHEMES):
        raise ValueError(f"the address of the seat store begins with {_either(SEAT_STORE_SCHEMES)}")
    try:
        _ = urlsplit(text).port
    except ValueError:
        # Its own message may tell a part of the address, and that a password.
        raise ValueError("what stands behind the host is no port") from None
    return text


def _trace_endpoint(text: str) -> str:
    if not text.startswith(COLLECTOR_SCHEMES):
        raise ValueError(f"the address of a collector begins with {_either(COLLECTOR_SCHEMES)}")
    return text


def _networks(text: str) -> str:
    read_networks(text)
    return text


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < TOKEN_SECRET_BYTES_MIN:
        raise ValueError(f"needs {TOKEN_SECRET_BYTES_MIN} bytes or more")
    return secret


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


LimitText = Annotated[str, AfterValidator(_limit)]
"""``burst:per_second``."""
SeatStoreUrl = Annotated[str, AfterValidator(_seat_store_url)]


class BusKind(StrEnum):
    """Which broker carries the messages."""

    KAFKA = "kafka"
    REDIS = "redis"


class DatabaseSettings(BaseSettings):
    """What ``onsale db`` needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: Annotated[
        str,
        AfterValidator(_database_url),
        Field(description="PostgreSQL: postgresql://user@host/name"),
    ]


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


class StoreSettings(DatabaseSettings):
    """What those need who compare and repair the stores; they do without a broker."""

    seat_store_url: Annotated[SeatStoreUrl, Field(description=_SEAT_STORE)]


class BusSettings(BaseSettings):
    """What ``onsale dlq`` needs: the broker, which is the seat store where there is no Kafka."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    bus: Annotated[BusKind, Field(description="the message broker")] = BusKind.KAFKA
    kafka_bootstrap: Annotated[
        str | None, Field(description="host:port, comma separated; needed when the bus is kafka")
    ] = None
    kafka_replication: Annotated[int, Field(ge=1, le=5, description="copies of each topic")] = 1
    kafka_min_insync: Annotated[
        int | None,
        Field(ge=1, le=5, description="copies that must have a message; all but one if not given"),
    ] = None
    kafka_session_seconds: Annotated[
        int,
        Field(ge=6, le=60, description="a worker silent for longer loses its partitions"),
    ] = 6
    topic_prefix: Annotated[
        str, Field(pattern=r"^[a-z0-9-]{1,40}$", description="begins every topic's name")
    ] = "onsale"
    partition_count: Annotated[
        int, Field(ge=1, le=1_000, description="partitions of each topic when it is made")
    ] = 12
    batch_count_max: Annotated[
        int, Field(ge=1, le=5_000, description="messages that a worker takes at once")
    ] = 500
    seat_store_url: Annotated[SeatStoreUrl | None, Field(description=_SEAT_STORE)] = None

    # Judged field by field, so that all that is missing or wrong is told at once.

    @field_validator("kafka_bootstrap")
    @classmethod
    def _needed_on_kafka(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("bus") is BusKind.KAFKA:
            raise PydanticCustomError("missing", "needed when ONSALE_BUS is kafka")
        return value

    @field_validator("kafka_min_insync")
    @classmethod
    def _not_more_than_there_are(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and value > info.data.get("kafka_replication", value):
            raise ValueError("more than ONSALE_KAFKA_REPLICATION")
        return value

    @field_validator("seat_store_url")
    @classmethod
    def _needed_without_kafka(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("bus") is BusKind.REDIS:
            raise PydanticCustomError("missing", "needed when ONSALE_BUS is redis")
        return value


class ProcessSettings(DatabaseSettings):
    """What every process of the service needs: the ledger, and to be watched."""

    database_pool: Annotated[
        int, Field(ge=2, le=200, description="connections of one process to PostgreSQL")
    ] = 10
    metrics_host: Annotated[str, Field(description="where a worker serves its metrics")] = (
        "127.0.0.1"
    )
    metrics_port: Annotated[
        int | None,
        Field(ge=1, le=65_535, description="where a worker serves its metrics; nowhere if not set"),
    ] = None
    trace_ratio: Annotated[
        float,
        Field(ge=0, le=1, description="the share of bookings that are traced, 1 for all of them"),
    ] = 0.0
    trace_endpoint: Annotated[
        Annotated[str, AfterValidator(_trace_endpoint)] | None,
        Field(description="takes traces as OTLP over HTTP: http://collector:4318/v1/traces"),
    ] = None
    trace_directory: Annotated[
        Path | None, Field(description="where traces are written if there is no trace_endpoint")
    ] = None
    log_level: Annotated[
        str, Field(pattern="^(debug|info|warning|error)$", description="what is logged")
    ] = "info"


class SigningSettings(BaseSettings):
    """What those need who sign: the API session tokens, the webhooks worker deliveries."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    token_secret: Annotated[
        SecretStr,
        AfterValidator(_long_enough),
        Field(
            description="signs session tokens and webhooks, 32 bytes or more, such as from"
            " openssl rand -base64 48"
        ),
    ]
    webhook_allowed_networks: Annotated[
        str,
        AfterValidator(_networks),
        Field(
            description="where webhooks are delivered besides the Internet at large, by any scheme,"
            " at any port: CIDRs, comma separated"
        ),
    ] = ""


class WebhooksSettings(SigningSettings, ProcessSettings):
    """What the webhooks worker needs: of the stores, the ledger alone."""


class Settings(BusSettings, StoreSettings, ProcessSettings):
    """Everything that a deployment decides. There is no default for a secret or an address."""

    seat_store_url: Annotated[SeatStoreUrl, Field(description=_SEAT_STORE)]
    token_hours: Annotated[int, Field(ge=1, le=720, description="how long a session lasts")] = 24
    bcrypt_rounds: Annotated[
        int, Field(ge=4, le=16, description="cost of a password hash, as a power of two")
    ] = 12
    host: Annotated[str, Field(description="where the API listens")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535, description="where the API listens")] = 8000
    intake_batch_count_max: Annotated[
        int, Field(ge=1, le=1_000, description="bookings that one INSERT stores at most")
    ] = 250
    send_count_max: Annotated[
        int, Field(ge=1, le=5_000, description="seat commands that are sent to the broker at once")
    ] = 500
    answer_seconds_max: Annotated[
        float,
        Field(ge=0.2, le=60, description="within which a busy API answers, be it with a refusal"),
    ] = 8.0
    stall_seconds_max: Annotated[
        float,
        Field(ge=0.2, le=60, description="within which the API refuses when a store stands still"),
    ] = 1.6
    connection_count_max: Annotated[
        int, Field(ge=10, le=1_000_000, description="connections that the API serves at once")
    ] = 20_000
    connections_per_client_max: Annotated[
        int, Field(ge=10, description="connections that one client may have, streams included")
    ] = 6_000
    trusted_proxies: Annotated[
        str, Field(description="proxies whose X-Forwarded-For counts: CIDRs, comma separated")
    ] = ""
    rate_limits: Annotated[RateLimitsKind, Field(description="on, or off for load tests")] = (
        RateLimitsKind.ON
    )
    booking_limit_per_user: Annotated[LimitText, Field(description="burst:per second")] = "1000:20"
    booking_limit_per_client: Annotated[LimitText, Field(description="burst:per second")] = (
        "5000:200"
    )
    payment_limit_per_user: Annotated[LimitText, Field(description="burst:per second")] = "60:1"
    event_limit_per_user: Annotated[LimitText, Field(description="burst:per second")] = "500:5"
    seat_limit_per_user: Annotated[
        LimitText, Field(description="seats of new events, burst:per second")
    ] = "2000000:5000"
    admission_limit_per_user: Annotated[LimitText, Field(description="burst:per second")] = (
        "2000:50"
    )
    webhook_limit_per_user: Annotated[
        LimitText, Field(description="changes, tests and re-sendings, burst:per second")
    ] = "100:1"
    registration_limit_per_client: Annotated[LimitText, Field(description="burst:per second")] = (
        "1000:10"
    )
    log_in_limit_per_client: Annotated[LimitText, Field(description="burst:per second")] = "1000:10"
    streams_per_user_max: Annotated[
        int, Field(ge=1, description="booking streams that one user may have open")
    ] = 200
    streams_per_client_max: Annotated[
        int, Field(ge=1, description="event streams that one client may have open")
    ] = 5_000


class ApiSettings(SigningSettings, Settings):
    """What the API needs."""

    traces_per_second: Annotated[
        int,
        Field(
            ge=0,
            le=1_000,
            description="new bookings a second that each API traces at least, however small"
            " trace_ratio is; none if that is 0",
        ),
    ] = 0


def read_settings(kind: type[AnySettings], environment: Mapping[str, str]) -> AnySettings:
    """Settings of this process's environment, and of ``ONSALE_SECRETS_DIR`` what is not in it.

    Raises:
        ValidationError: one is missing or wrong.
        OSError: the folder or a file in it cannot be read.
    """
    directory = environment.get(SECRETS_DIRECTORY)
    if directory is not None and not Path(directory).is_dir():
        raise NotADirectoryError(ENOTDIR, "no such folder", directory)
    return kind(_secrets_dir=directory)
