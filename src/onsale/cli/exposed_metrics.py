"""Metrics as a process exposes them."""

from collections.abc import Mapping
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

Samples: TypeAlias = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]
"""By name, then by labels in order."""


def parse(text: str) -> Samples:
    """Every sample of a page of metrics.

    Raises:
        ValueError: it is none.
    """
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found
