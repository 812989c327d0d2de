"""A sink that keeps finished spans, for tests that look at them."""

from dataclasses import dataclass, field
from uuid import UUID

from onsale.platform.observability.traces import FinishedSpan, Traces


@dataclass
class KeptSpans:
    """See ``SpanSink``."""

    spans: list[FinishedSpan] = field(default_factory=list)

    def take(self, span: FinishedSpan) -> None:
        self.spans.append(span)

    def traces(self, ratio: float = 1.0) -> Traces:
        """What records into here."""
        return Traces(ratio, self)

    def named(self, name: str) -> FinishedSpan:
        """The one span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def way_to(self, name: str) -> list[str]:
        """The names from the first span of the trace down to the one of this name."""
        by_id = {(span.step.subject, span.step.span_id): span for span in self.spans}
        span, names = self.named(name), [name]
        while span.step.below is not None:
            span = by_id[span.step.subject, span.step.below]
            names.insert(0, span.name)
        return names

    def subjects(self) -> set[UUID]:
        """Whose spans there are."""
        return {span.step.subject for span in self.spans}
