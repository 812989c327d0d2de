"""What running processes expose, and what queries in PromQL ask of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import promql_parser as promql
from prometheus_client.parser import text_string_to_metric_families

# What Prometheus adds to every series itself, or makes of nothing.
TARGET_LABELS = frozenset({"job", "instance"})
MADE_BY_PROMETHEUS = {"up": TARGET_LABELS}
_LEGEND_LABEL = re.compile(r"\{\{ *(\w+) *\}\}")


@dataclass(slots=True)
class Query:
    """What a query reads: series with their matchers, and labels by which it groups or joins."""

    selectors: list[promql.VectorSelector] = field(default_factory=list)
    groupings: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read PromQL, in which a dashboard's interval may stand."""
        query = cls()
        promql.walk(promql.parse(text.replace("$__rate_interval", "5m")), query._visit)
        return query

    def names(self) -> list[str]:
        """The series that it reads."""
        return [str(selector.name) for selector in self.selectors]

    def _visit(self, expression: promql.Expr) -> None:
        match expression:
            case promql.VectorSelector():
                self.selectors.append(expression)
            case promql.AggregateExpr() if expression.modifier is not None:
                self.groupings += expression.modifier.labels
            case promql.BinaryExpr() if expression.modifier is not None:
                self.groupings += expression.modifier.group_labels or []
                if expression.modifier.matching is not None:
                    self.groupings += expression.modifier.matching.labels
            case _:
                pass


@dataclass(slots=True)
class Exposed:
    """Of each series' name, the values that each of its labels was seen with."""

    labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, text: str, job: str) -> None:
        """Take in what one process answers to ``GET /metrics``, as Prometheus would."""
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = self.labels.setdefault(sample.name, {})
                for name, value in {**sample.labels, "job": job, "instance": "any"}.items():
                    labels.setdefault(name, set()).add(value)

    def own_labels(self) -> Iterator[tuple[str, str]]:
        """Each series' name with each of the labels that the process itself gives."""
        for name, labels in self.labels.items():
            for label in labels.keys() - TARGET_LABELS:
                yield name, label

    def renamed(self, old: str, new: str) -> "Exposed":
        """The same with a series, or a label of all series, by another name."""
        return Exposed(
            {
                (new if name == old else name): {
                    (new if label == old else label): values for label, values in labels.items()
                }
                for name, labels in self.labels.items()
            }
        )

    def complaints(self, text: str, legend: str = "") -> list[str]:
        """What the query names that is not there; ``legend`` may name labels as ``{{label}}``."""
        return list(self._complaints(Query.parse(text), _LEGEND_LABEL.findall(legend)))

    def _complaints(self, query: Query, legend_labels: Sequence[str]) -> Iterator[str]:
        known: set[str] = set()
        for selector in query.selectors:
            name = str(selector.name)
            if name in MADE_BY_PROMETHEUS:
                known |= MADE_BY_PROMETHEUS[name]
            elif name in self.labels:
                known |= self.labels[name].keys()
                yield from _of_matchers(selector, self.labels[name])
            else:
                yield f"no process exposes {name}"
        for label in {*query.groupings, *legend_labels} - known:
            yield f"none of {query.names()} has a label {label}"


def _of_matchers(selector: promql.VectorSelector, labels: Mapping[str, set[str]]) -> Iterator[str]:
    assert not selector.matchers.or_matchers, "alternatives among matchers are not looked at"
    for matcher in selector.matchers.matchers:
        if matcher.name not in labels:
            yield f"{selector.name} has no label {matcher.name}"
        elif matcher.op == promql.MatchOp.Equal and matcher.value not in labels[matcher.name]:
            yield f"{selector.name} is never seen with {matcher.name}={matcher.value}"
