"""How long a client waits, and how often it tries."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Every bound of a client. ``monotonic`` tells seconds, ``chance`` a number from 0 to 1."""

    connect_seconds_max: float = 5.0
    """Until a connection of the client's is free, and until a new one is there."""
    answer_seconds_max: float = 30.0
    """Of one attempt, until the last byte of its answer."""
    answer_bytes_max: int = 64 * 1024 * 1024
    attempts_max: int = 6
    attempts_seconds_max: float = 60.0
    """No attempt begins later than that after the first did."""
    backoff_seconds_first: float = 0.1
    backoff_seconds_max: float = 5.0
    silence_seconds_max: float = 45.0
    """Of a stream; the service says that it is still there every 15 seconds."""
    reconnects_max: int = 10
    """Of a stream, one after another that bring nothing new."""
    reconnect_seconds_max: float = 30.0
    """What a server may ask a stream to wait before it comes again."""
    connections_max: int = 100
    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def backoff_seconds(self, tried: int) -> float:
        """How long to wait after so many attempts: twice as long each time, and never as long as
        all the others who failed at the same moment.
        """
        longest = self.backoff_seconds_first * 2.0 ** min(tried - 1, 30)
        return min(longest, self.backoff_seconds_max) * (0.5 + self.chance() / 2)
