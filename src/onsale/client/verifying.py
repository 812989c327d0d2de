"""Whether what a receiver of webhooks gets comes from the service."""

import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

TOLERANCE_SECONDS = 300
"""So far may the time of a delivery be from the receiver's: older ones may be played back."""
_PREFIX = "whsec_"
_TIME_DIGITS_MAX = 19
# More than the service ever sends: it signs with two secrets at most.
_SIGNATURE_LENGTH_MAX = 1_000


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: Callable[[], float] = time.time,
) -> bool:
    """Whether a delivery is genuine and new; only then is it to be acted on.

    ``body`` is what came, before anybody has parsed it; the names of ``headers`` may be written in
    any case. ``now`` gives seconds since 1970. A genuine delivery can come more than once: its
    ``webhook-id`` tells.

    Raises:
        ValueError: the secret is none.
    """
    key = _key_of(secret)
    sent = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at, signatures = (
        sent.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    is_readable = sent_at.isascii() and sent_at.isdigit() and len(sent_at) <= _TIME_DIGITS_MAX
    if not is_readable or len(signatures) > _SIGNATURE_LENGTH_MAX:
        return False
    if abs(now() - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    signed = b"%b.%b.%b" % (message_id.encode(errors="replace"), sent_at.encode(), body)
    good = b"v1," + b64encode(hmac.digest(key, signed, "sha256"))
    return any(
        hmac.compare_digest(good, each.encode(errors="replace")) for each in signatures.split()
    )


def _key_of(secret: str) -> bytes:
    # Whatever it is, it is not told: it may be one that was mistyped.
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or not key:
        raise ValueError(f"a webhook's secret begins with {_PREFIX} and goes on in base64")
    return key
