"""Deliveries that are what they pass for, and others."""

from base64 import b64encode
from collections.abc import Mapping

import pytest

from onsale.client import verify_webhook
from onsale.client.verifying import TOLERANCE_SECONDS
from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
)

# Of the test suites of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT_AT = 1_614_265_330
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SIGNATURE = HEADERS["webhook-signature"]
# Base64 that says the same and is written otherwise: its last two bits say nothing.
SAME_BYTES = SIGNATURE.replace("1OE=", "1OF=")


def verified(
    headers: Mapping[str, str], body: bytes = BODY, now: float = SENT_AT, secret: str = SECRET
) -> bool:
    return verify_webhook(secret, headers, body, now=lambda: now)


def test_a_known_delivery_is_genuine() -> None:
    assert verified(HEADERS) is True


@pytest.mark.parametrize("seconds", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_it_is_new_for_five_minutes(seconds: int) -> None:
    assert TOLERANCE_SECONDS == 300
    assert verified(HEADERS, now=SENT_AT + seconds) is True
    beyond = SENT_AT + seconds + (1 if seconds > 0 else -1)
    assert verified(HEADERS, now=beyond) is False


def test_it_is_new_by_the_clock_unless_told_otherwise() -> None:
    assert verify_webhook(SECRET, HEADERS, BODY) is False


def test_names_of_headers_may_be_written_in_any_case() -> None:
    assert verified({name.title(): value for name, value in HEADERS.items()}) is True


def test_one_good_signature_among_others_is_enough() -> None:
    assert verified({**HEADERS, "webhook-signature": f"v1,AAAA v1a,x {SIGNATURE} v2,y"}) is True


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": "\udce9"},
        {"webhook-timestamp": str(SENT_AT + 1)},
        {"webhook-timestamp": f" {SENT_AT}"},
        {"webhook-timestamp": f"+{SENT_AT}"},
        {"webhook-timestamp": f"{SENT_AT}.0"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 10_000},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": SIGNATURE[:-1]},
        {"webhook-signature": SAME_BYTES},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v1,\udce9"},
        {"webhook-signature": "v1,AAAA " * 200 + SIGNATURE},
    ],
    ids=str,
)
def test_whatever_else_the_headers_say_is_refused(changed: dict[str, str]) -> None:
    assert verified({**HEADERS, **changed}) is False


def test_what_lacks_a_header_is_refused() -> None:
    for missing in HEADERS:
        rest = {name: value for name, value in HEADERS.items() if name != missing}
        assert verified(rest) is False, missing


def test_another_body_is_refused() -> None:
    assert verified(HEADERS, BODY + b" ") is False
    assert verified(HEADERS, b"") is False


def test_another_secret_is_of_no_use() -> None:
    other = "whsec_" + b64encode(b"x" * 24).decode()
    assert verified(HEADERS, secret=other) is False


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_?", "whsec_MfK", SECRET[6:], "sk_abcd", f"{SECRET[:9]}!! {SECRET[9:]}"],
)
def test_a_secret_that_is_none_is_said_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="begins with whsec_") as told:
        verified(HEADERS, secret=secret)
    assert not secret.strip("whsec_") or secret not in str(told.value)


def test_what_the_service_signs_is_genuine_by_either_secret_while_they_rotate() -> None:
    secrets = DerivedWebhookSecrets(b"s" * 32)
    salts = [secrets.new_salt(), secrets.new_salt()]
    sent = {
        **HEADERS,
        "webhook-signature": secrets.signature(salts, HEADERS["webhook-id"], SENT_AT, BODY),
    }
    assert [verified(sent, secret=secrets.secret(salt)) for salt in salts] == [True, True]
    assert verified(sent, secret=secrets.secret(secrets.new_salt())) is False
