"""Which errors of the server mean "not now" and which mean "not this"."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from onsale.platform.exceptions import UnavailableError

DEPENDENCY = "seat-store"
_DETAIL_LENGTH_MAX = 200

# What a server answers that could be reached but cannot work at present: no memory, no disk, being
# loaded, a replica, or not letting this client in. Taken for a fault of the message, such an error
# would send every message that follows to the dead letters. The code stands at the start, or where
# redis-py or a script passes an error on.
_NOT_NOW = (
    "BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOAUTH|NOPERM|NOREPLICAS|OOM|READONLY|TRYAGAIN"
    "|WRONGPASS|(?:ERR )?IO error"
)
_NOT_NOW_ERROR = re.compile(rf"(?:^|error: \(['\"]|: -)(?:{_NOT_NOW})\b")


@contextmanager
def store_errors() -> Iterator[None]:
    """Raise ``UnavailableError`` for what may pass; any other error travels as it is."""
    try:
        yield
    except (RedisError, OSError) as error:
        if _may_pass(error):
            raise UnavailableError(DEPENDENCY, str(error)[:_DETAIL_LENGTH_MAX]) from error
        raise


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ResponseError):
        # A script that is gone although it was just loaded: the server changed in between.
        if isinstance(error, NoScriptError):
            return True
        code = getattr(error, "status_code", None)
        return _NOT_NOW_ERROR.search(f"{code} {error}" if code else str(error)) is not None
    return isinstance(error, RedisConnectionError | RedisTimeoutError | OSError)
