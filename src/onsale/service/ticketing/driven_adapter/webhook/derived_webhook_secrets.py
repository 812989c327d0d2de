"""Secrets of webhooks, derived instead of stored, and signatures with them."""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

PREFIX = "whsec_"
SALT_BYTES = 16
_PURPOSE = b"onsale webhook secret 1"


class DerivedWebhookSecrets:
    """Implements ``IWebhookSecrets`` with HMAC-SHA-256, in the way of Standard Webhooks."""

    def __init__(self, secret: bytes) -> None:
        """``secret`` may serve other purposes too; the key here is derived from it."""
        self._key = hmac.digest(secret, _PURPOSE, sha256)

    def new_salt(self) -> bytes:
        return secrets.token_bytes(SALT_BYTES)

    def secret(self, salt: bytes) -> str:
        return PREFIX + b64encode(self._derived(salt)).decode()

    def signature(
        self, salts: Sequence[bytes], message_id: str, timestamp: int, body: bytes
    ) -> str:
        return " ".join(signed(self._derived(salt), message_id, timestamp, body) for salt in salts)

    def _derived(self, salt: bytes) -> bytes:
        return hmac.digest(self._key, salt, sha256)


def signed(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature with one key, which is the secret without its prefix, decoded."""
    content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return f"v1,{b64encode(hmac.digest(key, content, sha256)).decode()}"
