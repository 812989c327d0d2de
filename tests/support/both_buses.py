"""Tests that run on Redis Streams and on Kafka."""

import pytest

from onsale.platform.embedded.exceptions import MissingComponentError
from onsale.platform.embedded.jars import resolve_jars
from onsale.platform.embedded.java import find_java
from tests.servers.protocol import JAR_CACHE
from tests.support.missing import is_missing

ON_BOTH_BUSES = pytest.mark.parametrize(
    "system", ["redis", pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)


def require_kafka() -> None:
    """Skip the test where Kafka cannot be had, except in CI, where that is a failure."""
    try:
        find_java()
        resolve_jars(JAR_CACHE)
    except MissingComponentError as error:
        is_missing(error)
