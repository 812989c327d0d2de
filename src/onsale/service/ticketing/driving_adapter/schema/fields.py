"""Types of request fields, and what every request has in common.

Input is judged strictly: ``"1"``, ``1.0`` and ``true`` are not the number 1. Fields that are not
known are ignored, so that a newer client can talk to an older server. Answers are not Pydantic
models but msgspec structs: they need encoding, which is several times faster that way, and no
validation.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from onsale.service.ticketing.driving_adapter.schema.currency_codes import CURRENCY_CODES

NAME_LENGTH_MAX = 255
DESCRIPTION_LENGTH_MAX = 10_000
EMAIL_LENGTH_MAX = 255
PASSWORD_LENGTH_MIN = 8
PASSWORD_BYTES_MAX = 72
CARD_NUMBER_LENGTH_MAX = 40
YEAR_MIN, YEAR_MAX = 1900, 9000

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Any address that mail can be sent to, hosts without a dot and reserved domains included; the only
# proof of an address is mail that arrives.
_EMAIL = re.compile(rf"[!-?A-~]{{1,64}}@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
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


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH_MAX),
    AfterValidator(_storable),
]
Description = Annotated[Text, Field(max_length=DESCRIPTION_LENGTH_MAX)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=EMAIL_LENGTH_MAX),
    AfterValidator(_email),
]
NewPassword = Annotated[SecretStr, AfterValidator(_password)]
AnyPassword = Annotated[SecretStr, Field(max_length=1_024), AfterValidator(_any_password)]
CardNumber = Annotated[
    SecretStr, Field(max_length=CARD_NUMBER_LENGTH_MAX), AfterValidator(_card_number)
]
Currency = Annotated[str, AfterValidator(_currency)]
UtcTime = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_iso_text), AfterValidator(_utc)
]


def utc(moment: datetime) -> datetime:
    """The same moment in UTC, in which answers tell time."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
