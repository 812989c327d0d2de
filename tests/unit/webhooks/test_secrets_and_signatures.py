"""Secrets that are derived, and signatures against those of somebody else."""

import re
from base64 import b64decode

import pytest

from onsale.service.ticketing.driven_adapter.webhook.derived_webhook_secrets import (
    DerivedWebhookSecrets,
    signed,
)
from storm.receiver import Post
from tests.servers.protocol import PROJECT

# Of the test suites of the Standard Webhooks libraries.
KNOWN_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KNOWN_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
KNOWN_TIMESTAMP = 1_614_265_330
KNOWN_BODY = b'{"test": 2432232314}'
KNOWN_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
DOCUMENT = PROJECT / "docs" / "webhooks.md"


def secrets_of(server: bytes = b"s" * 32) -> DerivedWebhookSecrets:
    return DerivedWebhookSecrets(server)


def test_a_signature_is_that_of_the_standard() -> None:
    key = b64decode(KNOWN_SECRET.removeprefix("whsec_"))

    assert signed(key, KNOWN_ID, KNOWN_TIMESTAMP, KNOWN_BODY) == KNOWN_SIGNATURE


def test_a_secret_follows_from_the_servers_and_from_its_salt_alone() -> None:
    one, other = secrets_of().new_salt(), secrets_of().new_salt()

    assert one != other
    assert secrets_of().secret(one) == secrets_of().secret(one)
    assert secrets_of().secret(one) != secrets_of().secret(other)
    assert secrets_of().secret(one) != secrets_of(b"t" * 32).secret(one)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secrets_of().secret(one))


def test_what_is_stored_tells_nothing_of_the_secret() -> None:
    salt = secrets_of().new_salt()

    assert salt not in b64decode(secrets_of().secret(salt).removeprefix("whsec_"))


def _post(salts: list[bytes]) -> Post:
    headers = {
        "webhook-id": KNOWN_ID,
        "webhook-timestamp": str(KNOWN_TIMESTAMP),
        "webhook-signature": secrets_of().signature(salts, KNOWN_ID, KNOWN_TIMESTAMP, KNOWN_BODY),
    }
    return Post(0.0, "/", headers, KNOWN_BODY)


def test_while_it_is_rotated_both_secrets_are_good() -> None:
    old, new = secrets_of().new_salt(), secrets_of().new_salt()
    post = _post([new, old])

    assert post.headers["webhook-signature"].count("v1,") == 2
    assert post.is_signed_with(secrets_of().secret(old))
    assert post.is_signed_with(secrets_of().secret(new))
    assert not post.is_signed_with(secrets_of().secret(b"another salt"))
    assert not _post([new]).is_signed_with(secrets_of().secret(old))


def _verify_of_the_document() -> object:
    section = DOCUMENT.read_text().partition("## How to verify it\n")[2]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    namespace: dict[str, object] = {}
    exec(compile(code, str(DOCUMENT), "exec"), namespace)  # noqa: S102 - our own document
    return namespace["verify"]


@pytest.mark.parametrize(
    ("changes", "body", "now"),
    [
        ({"webhook-id": "msg_other"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-timestamp": str(KNOWN_TIMESTAMP + 1)}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-signature": "v1,AAAA"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({}, KNOWN_BODY + b" ", KNOWN_TIMESTAMP),
        # What anybody can send is answered, and raises nothing.
        ({"webhook-timestamp": "now"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-timestamp": "\u00b2"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-timestamp": "9" * 5_000}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-timestamp": None}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-signature": "v1,\xe9"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-signature": "v1,\udce9"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-signature": None}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-id": "\udce9"}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({"webhook-id": None}, KNOWN_BODY, KNOWN_TIMESTAMP),
        ({}, KNOWN_BODY, KNOWN_TIMESTAMP + 301),
        ({}, KNOWN_BODY, KNOWN_TIMESTAMP - 301),
    ],
)
def test_the_code_of_the_document_takes_what_is_good_and_nothing_else(
    changes: dict[str, str | None], body: bytes, now: int
) -> None:
    verify = _verify_of_the_document()
    assert callable(verify)
    headers = {
        "webhook-id": KNOWN_ID,
        "webhook-timestamp": str(KNOWN_TIMESTAMP),
        "webhook-signature": f"v1,AAAA {KNOWN_SIGNATURE}",
    }

    assert verify(KNOWN_SECRET, headers, KNOWN_BODY, now=KNOWN_TIMESTAMP + 299) is True
    # What is None is missing.
    sent = {name: value for name, value in {**headers, **changes}.items() if value is not None}
    assert verify(KNOWN_SECRET, sent, body, now=now) is False
