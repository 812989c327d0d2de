"""All checks together."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from storm.checker.access import answers_are_in_the_contract, probes_stay_refused
from storm.checker.calm import Span
from storm.checker.doors import doors_heed_what_is_void, tickets_let_in_once
from storm.checker.endings import cancels_have_a_cause, cards_decide
from storm.checker.evidence import Evidence
from storm.checker.holds import holds_end, holds_last, late_money_is_refused
from storm.checker.promises import (
    none_disappears,
    none_is_stuck,
    none_is_unreadable,
    none_was_invented,
    one_booking_a_key,
)
from storm.checker.refusals import refusals_have_a_cause
from storm.checker.room import failures_have_a_cause, full_houses_have_somebody
from storm.checker.seats import nobody_was_told_the_same, one_booking_a_seat
from storm.checker.sellers import (
    blocked_seats_stay,
    called_off_events_end,
    refusals_of_events_have_a_cause,
)
from storm.checker.stores_agree import prices_agree, stores_agree, tickets_agree, verify_agrees
from storm.checker.streams import (
    streams_go_on,
    streams_keep_up,
    streams_tell_the_truth,
    views_add_up,
)
from storm.checker.timely import answers_come, outcomes_come
from storm.checker.transitions import (
    answers_hold,
    money_is_kept_once,
    seats_stay,
    statuses_go_forward,
)
from storm.checker.violation import Violation
from storm.checker.webhooks import (
    webhooks_invent_nothing,
    webhooks_keep_order,
    webhooks_tell_everything,
)
from storm.final_state import FinalState
from storm.history import Operation

CHECKS: Sequence[Callable[[Evidence], Iterator[Violation]]] = (
    one_booking_a_seat,
    nobody_was_told_the_same,
    none_disappears,
    none_is_unreadable,
    none_is_stuck,
    one_booking_a_key,
    none_was_invented,
    stores_agree,
    tickets_agree,
    prices_agree,
    verify_agrees,
    statuses_go_forward,
    seats_stay,
    answers_hold,
    money_is_kept_once,
    cancels_have_a_cause,
    holds_last,
    holds_end,
    late_money_is_refused,
    full_houses_have_somebody,
    failures_have_a_cause,
    cards_decide,
    refusals_have_a_cause,
    blocked_seats_stay,
    called_off_events_end,
    refusals_of_events_have_a_cause,
    tickets_let_in_once,
    doors_heed_what_is_void,
    probes_stay_refused,
    answers_are_in_the_contract,
    answers_come,
    outcomes_come,
    streams_tell_the_truth,
    streams_go_on,
    streams_keep_up,
    views_add_up,
    webhooks_tell_everything,
    webhooks_invent_nothing,
    webhooks_keep_order,
)


def check(
    operations: Sequence[Operation],
    state: FinalState,
    began_at: datetime,
    outages: Sequence[Span] = (),
) -> list[Violation]:
    """Every violation that the history, begun at this time of day, and the final state show."""
    return judge(Evidence(operations, state, began_at, outages))


def judge(evidence: Evidence) -> list[Violation]:
    """Every violation that the evidence shows."""
    return [violation for one in CHECKS for violation in one(evidence)]
