"""Token buckets of this process, told now and then what other processes have spent."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

BUCKET_COUNT_MAX = 50_000
REPORTED_COUNT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """``burst`` at once, and ``per_second`` in the long run."""

    burst: float
    per_second: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``burst:per_second``, as ``1000:20``.

        Raises:
            ValueError: not two positive numbers.
        """
        burst, _, per_second = text.partition(":")
        try:
            limit = cls(float(burst), float(per_second))
        except ValueError:
            limit = cls(0, 0)
        if not (1 <= limit.burst < float("inf") and 0 < limit.per_second < float("inf")):
            raise ValueError("a limit is burst:per second, such as 1000:20")
        return limit


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class TokenBuckets:
    """One bucket a key. Those used longest ago are forgotten, that is: full again."""

    def __init__(
        self,
        limit: Limit,
        monotonic: Callable[[], float],
        *,
        bucket_count_max: int = BUCKET_COUNT_MAX,
    ) -> None:
        """``monotonic`` is a clock in seconds that never goes back."""
        self._limit = limit
        self._monotonic = monotonic
        self._bucket_count_max = bucket_count_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._unreported: dict[str, float] = {}

    def wait_seconds(self, key: str, count: float = 1.0) -> float:
        """How long until there are as many tokens for the key; ``0`` if there are. Takes none. A
        full bucket is enough for any number.
        """
        missing = min(count, self._limit.burst) - self._bucket(key).tokens
        return max(0.0, missing / self._limit.per_second)

    def take(self, key: str, count: float = 1.0) -> float:
        """Take the tokens and return ``0``; if there are too few, the seconds until there will be
        enough.
        """
        wait_seconds = self.wait_seconds(key, count)
        if not wait_seconds:
            self._spend(key, count)
            self._note(key, count)
        return wait_seconds

    def give_back(self, key: str) -> None:
        """The token that was taken was not used."""
        self._spend(key, -1.0)
        self._note(key, -1.0)

    def fill(self, key: str) -> None:
        """Forget what was spent, in other processes too."""
        missing = self._limit.burst - self._bucket(key).tokens
        if missing > 0:
            self._spend(key, -missing)
            self._note(key, -missing)

    def report(self) -> dict[str, float]:
        """What this process has spent since the last report; a part if there is very much."""
        if len(self._unreported) <= REPORTED_COUNT_MAX:
            report, self._unreported = self._unreported, {}
            return report
        keys = list(self._unreported)[:REPORTED_COUNT_MAX]
        return {key: self._unreported.pop(key) for key in keys}

    def apply(self, report: Mapping[str, float]) -> None:
        """Count what another process has spent."""
        for key, count in report.items():
            self._spend(key, count)

    def _bucket(self, key: str) -> _Bucket:
        now = self._monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._limit.burst, now)
            if len(self._buckets) > self._bucket_count_max:
                forgotten, _ = self._buckets.popitem(last=False)
                self._unreported.pop(forgotten, None)
            return bucket
        self._buckets.move_to_end(key)
        grown = bucket.tokens + (now - bucket.at) * self._limit.per_second
        bucket.tokens, bucket.at = min(grown, self._limit.burst), now
        return bucket

    def _spend(self, key: str, count: float) -> None:
        bucket = self._bucket(key)
        # Others may have spent more than there was; what they owe has a bound as well.
        bucket.tokens = max(-self._limit.burst, min(bucket.tokens - count, self._limit.burst))

    def _note(self, key: str, count: float) -> None:
        sum_ = self._unreported.pop(key, 0.0) + count
        if sum_:
            self._unreported[key] = sum_
