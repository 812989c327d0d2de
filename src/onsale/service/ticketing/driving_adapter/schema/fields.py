"""Types of request fields, and what every request has in common.

Input is judged strictly: ``"1"``, ``1.0`` and ``true`` are not the number 1. Fields that are not
known are ignored, so that a newer client can talk to an older server. Answers are not Pydantic
models but msgspec structs: they need encoding, which is several times faster that way, and no
validation.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from onsale.service.ticketing.driving_adapter.schema.currency_codes import CURRENCY_CODES

NAME_LENGTH_MAX = 255
TEXT_LENGTH_MAX = 255
DESCRIPTION_LENGTH_MAX = 10_000
EMAIL_LENGTH_MAX = 255
PASSWORD_LENGTH_MIN = 8
PASSWORD_BYTES_MAX = 72
ANY_PASSWORD_LENGTH_MAX = 1_024
CARD_NUMBER_LENGTH_MAX = 40
YEAR_MIN, YEAR_MAX = 1900, 9000

Choice = TypeVar("Choice", bound=StrEnum)

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Any address that mail can be sent to, hosts without a dot and reserved domains included; the only
# proof of an address is mail that arrives.
_EMAIL_PATTERN = rf"[!-?A-~]{{1,64}}@{_LABEL}(?:\.{_LABEL})*"
_EMAIL = re.compile(_EMAIL_PATTERN, re.ASCII)
_CARD_NUMBER = re.compile(r"[0-9]{12,19}", re.ASCII)
_ISO_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}", re.ASCII)


class RequestModel(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        # A failed validation may end in a log; what was sent must not.
        hide_input_in_errors=True,
    )


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul_character", "Text cannot hold the NUL character")
    return text


def _email(text: str) -> str:
    if _EMAIL.fullmatch(text) is None:
        raise PydanticCustomError(
            "email", "An e-mail address is name@host, in ASCII and without spaces"
        )
    return text


def _password(secret: SecretStr) -> SecretStr:
    password = _storable(secret.get_secret_value())
    if len(password) < PASSWORD_LENGTH_MIN or len(password.encode()) > PASSWORD_BYTES_MAX:
        raise PydanticCustomError(
            "password",
            f"A password has {PASSWORD_LENGTH_MIN} characters to {PASSWORD_BYTES_MAX} bytes",
        )
    return secret


def _any_password(secret: SecretStr) -> SecretStr:
    _storable(secret.get_secret_value())
    return secret


def _card_number(secret: SecretStr) -> SecretStr:
    digits = secret.get_secret_value().replace(" ", "").replace("-", "")
    if _CARD_NUMBER.fullmatch(digits) is None:
        raise PydanticCustomError(
            "card_number", "A card number has 12 to 19 digits; spaces and dashes may divide them"
        )
    return SecretStr(digits)


def _currency(text: str) -> str:
    if text not in CURRENCY_CODES:
        raise PydanticCustomError("currency", "A currency is an ISO 4217 code in use, such as USD")
    return text


def _iso_text(value: object) -> object:
    # Pydantic would also read "1700000000", as seconds.
    if not isinstance(value, str) or _ISO_DATE_TIME.match(value) is None:
        raise PydanticCustomError(
            "iso_date_time", "A time is ISO 8601 text with a time zone: 2030-05-01T19:30:00Z"
        )
    return value


def _utc(moment: datetime) -> datetime:
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise PydanticCustomError("year", f"A time lies in the years {YEAR_MIN} to {YEAR_MAX}")
    return moment.astimezone(UTC)


def _shown_as(**schema: object) -> WithJsonSchema:
    # What validators check is told in the documentation as well, as far as its language goes.
    return WithJsonSchema({"type": "string", **schema})


_NO_NUL = r"^[^\u0000]*$"
_SECRET: dict[str, object] = {"format": "password", "writeOnly": True}

ShortText = Annotated[
    str,
    StringConstraints(max_length=TEXT_LENGTH_MAX),
    AfterValidator(_storable),
    _shown_as(maxLength=TEXT_LENGTH_MAX, pattern=_NO_NUL),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH_MAX),
    AfterValidator(_storable),
    _shown_as(minLength=1, maxLength=NAME_LENGTH_MAX, pattern=r"^[^\u0000]*[^\s\u0000][^\u0000]*$"),
]
Description = Annotated[
    str,
    StringConstraints(max_length=DESCRIPTION_LENGTH_MAX),
    AfterValidator(_storable),
    _shown_as(maxLength=DESCRIPTION_LENGTH_MAX, pattern=_NO_NUL),
]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=EMAIL_LENGTH_MAX),
    AfterValidator(_email),
    _shown_as(maxLength=EMAIL_LENGTH_MAX, pattern=rf"^\s*{_EMAIL_PATTERN}\s*$"),
]
NewPassword = Annotated[
    SecretStr,
    AfterValidator(_password),
    _shown_as(
        **_SECRET, minLength=PASSWORD_LENGTH_MIN, maxLength=PASSWORD_BYTES_MAX, pattern=_NO_NUL
    ),
]
AnyPassword = Annotated[
    SecretStr,
    Field(max_length=ANY_PASSWORD_LENGTH_MAX),
    AfterValidator(_any_password),
    _shown_as(**_SECRET, maxLength=ANY_PASSWORD_LENGTH_MAX, pattern=_NO_NUL),
]
Position = Annotated[str, _shown_as(pattern="^[1-9][0-9]*-[1-9][0-9]*$")]
CardNumber = Annotated[
    SecretStr,
    Field(max_length=CARD_NUMBER_LENGTH_MAX),
    AfterValidator(_card_number),
    _shown_as(**_SECRET, maxLength=CARD_NUMBER_LENGTH_MAX, pattern="^[ -]*(?:[0-9][ -]*){12,19}$"),
]
Currency = Annotated[str, AfterValidator(_currency), _shown_as(enum=sorted(CURRENCY_CODES))]
# One of a few words. Strictly it would be the enumeration's member, which no JSON holds.
Word = Annotated[Choice, Field(strict=False)]
UtcTime = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_iso_text), AfterValidator(_utc)
]


def utc(moment: datetime) -> datetime:
    """The same moment in UTC, in which answers tell time."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
