"""Traces by the ids of what they follow."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from onsale.platform.observability.traces import Step, new_span_id, span_id_of
from tests.support.kept_spans import KeptSpans

SENT_SPAN_ID = 0x3C29_16EC_BECE_4C54
SUBJECT = UUID("01a21450-9b29-75e8-b304-1a48bc2e5067")


def test_a_share_of_ids_is_followed_also_of_those_made_in_one_millisecond() -> None:
    ids = [uuid7() for _ in range(40_000)]
    traces = KeptSpans().traces(0.25)
    followed = [each for each in ids if traces.follows(each)]
    assert 0.22 < len(followed) / len(ids) < 0.28
    at_once = ids[:200]
    assert 10 < sum(traces.follows(each) for each in at_once) < 100
    assert not any(KeptSpans().traces(0).follows(each) for each in ids)
    assert all(KeptSpans().traces(1).follows(each) for each in ids)


@given(st.uuids(), st.floats(0, 1))
def test_text_and_id_say_the_same(subject: UUID, ratio: float) -> None:
    traces = KeptSpans().traces(ratio)
    followed = traces.follows(subject)
    assert traces.follows_text(str(subject)) == followed
    assert traces.follows_text(str(subject).encode()) == followed


def test_a_step_has_the_same_span_id_everywhere_and_others_have_others() -> None:
    # Another release must find the same.
    assert span_id_of(SUBJECT, "sent/1") == SENT_SPAN_ID
    ids = {span_id_of(subject, step) for subject in (SUBJECT, uuid7()) for step in ("a", "b")}
    assert len(ids) == 4
    assert all(0 < each < 2**64 for each in ids)


def test_what_happens_inside_hangs_below_for_each_that_is_followed() -> None:
    kept = KeptSpans()
    traces = kept.traces()
    batch = [Step(uuid7(), new_span_id()) for _ in range(2)]
    with traces.during("batch", batch, attributes={"size": 2}) as told:
        with traces.inside("script"):
            pass
        told["status"] = "well"
    with traces.inside("nothing around it"):
        pass
    assert [span.name for span in kept.spans] == ["script", "script", "batch", "batch"]
    for script, whole in zip(kept.spans[:2], kept.spans[2:], strict=True):
        assert (script.step.subject, script.step.below) == (whole.step.subject, whole.step.span_id)
        assert whole.began_ns <= script.began_ns <= script.ended_ns <= whole.ended_ns
        assert whole.attributes == {"size": 2, "status": "well"}


def test_of_an_error_the_class_alone_is_told_and_it_travels() -> None:
    kept = KeptSpans()
    with (
        pytest.raises(ValueError, match="ada@example"),
        kept.traces().during("step", [Step(SUBJECT, 1)]),
    ):
        raise ValueError("ada@example is taken")
    assert kept.named("step").error_type == "ValueError"
    assert "ada" not in repr(kept.spans)
