"""Many events at once, and what became of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from onsale.cli.event_fields import about, unknown_fields
from onsale.cli.event_files import EventForm
from onsale.cli.event_lines import state_and_next
from onsale.cli.events_there import EventsThere
from onsale.cli.exit_codes import ExitCode
from onsale.cli.printing import note, printable, say_json, say_table
from onsale.cli.service import reasons, sign_in_again
from onsale.client import (
    BadAnswerError,
    EventStatus,
    NoAnswerError,
    NotInTimeError,
    OnsaleClient,
    OnsaleError,
    ProblemError,
)
from onsale.client.problems import InvalidRequestError, NotAuthenticatedError

LOAD_SECONDS_MAX = 600.0
_MAY_BE_THERE = "it may be there: onsale event list --mine"
_BROKEN_OFF = f"broken off before the answer came; {_MAY_BE_THERE}"
_NOT_WAITED_FOR = "made, but not waited for: broken off"
_NOT_REACHED = "not tried: the service could not be reached"
_NOT_TRIED = "not tried: broken off before"


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one event: its number, or why there is none; ``skipped``: it was there."""

    source: str
    name: str
    event_id: int | None = None
    status: EventStatus | None = None
    on_sale_at: datetime | None = None
    is_active: bool | None = None
    skipped: bool = False
    errors: Sequence[str] = ()


@dataclass(slots=True)
class EventCreation:
    """Makes events one after the other, and knows at every moment what became of each.

    With ``skip_existing`` an event is left out that its seller has already.
    """

    forms: Sequence[EventForm]
    wait: bool = False
    skip_existing: bool = False
    _outcomes: list[Outcome] = field(default_factory=list)
    _is_asked: bool = False
    _is_away: bool = False

    def run(self, client: OnsaleClient, advance: Callable[[int], None]) -> None:
        """Make them all. Once the service cannot be reached no more are tried.

        Raises:
            NotAuthenticatedError, NoAnswerError: at the first, so that none was made.
        """
        # One that cannot be sent is found before any is made, and is its own fault alone.
        faults = [_faults_of(form) for form in self.forms]
        there = EventsThere.of(client) if self.skip_existing else EventsThere()
        for form, found in zip(self.forms, faults, strict=True):
            if self._is_away:
                return
            # What holds if this is the last that is ever done.
            self._outcomes.append(_outcome(form, *(found or [_BROKEN_OFF])))
            if not found:
                self._settle(client, form, there)
            advance(1)

    def show(self, *, as_json: bool) -> None:
        """Print what became of each, if any was begun."""
        if not self._outcomes:
            return
        outcomes = self._all_outcomes()
        made, skipped, failed = self._counts()
        if as_json:
            say_json({"made": made, "skipped": skipped, "failed": failed, "items": outcomes})
        else:
            say_table(("event", "from", "name", "outcome"), [_row(each) for each in outcomes])
        were_there = f", {skipped:,} were there" if skipped else ""
        note(f"{made:,} made, {failed:,} failed{were_there}")

    @property
    def exit_code(self) -> ExitCode:
        """With which status to end."""
        made, skipped, failed = self._counts()
        if not failed:
            return ExitCode.DONE
        if made or skipped:
            return ExitCode.PARTLY
        return ExitCode.UNREACHABLE if self._is_away else ExitCode.FAILED

    def _settle(self, client: OnsaleClient, form: EventForm, there: EventsThere) -> None:
        outcome, event = self._outcomes[-1], there.take(form.content)
        is_first, self._is_asked = not self._is_asked, True
        outcome.skipped = event is not None
        try:
            event = event or client.create_event(form.content)
            outcome.event_id, outcome.status = event.id, event.status
            outcome.on_sale_at, outcome.is_active = event.on_sale_at, event.is_active
            if self.wait:
                outcome.errors = [_NOT_WAITED_FOR]
                outcome.status = _loaded(client, event.id)
            outcome.errors = []
        except OnsaleError as error:
            if is_first and event is None and _is_about_all(error):
                self._outcomes.clear()
                raise
            self._is_away = isinstance(error, NoAnswerError | BadAnswerError)
            outcome.errors = _said(error, form, is_made=event is not None)

    def _all_outcomes(self) -> list[Outcome]:
        why = _NOT_REACHED if self._is_away else _NOT_TRIED
        rest = self.forms[len(self._outcomes) :]
        return [*self._outcomes, *(_outcome(form, why) for form in rest)]

    def _counts(self) -> tuple[int, int, int]:
        """How many were made, were there, and are not."""
        done = [each for each in self._outcomes if not each.errors]
        skipped = sum(each.skipped for each in done)
        return len(done) - skipped, skipped, len(self.forms) - len(done)


def _outcome(form: EventForm, *faults: str) -> Outcome:
    name = str(form.content.get("name", ""))
    return Outcome(source=printable(form.source), name=printable(name), errors=faults)


def _faults_of(form: EventForm) -> Sequence[str]:
    """Why it cannot be sent: fields that there are none of, or that it can be no JSON document."""
    try:
        msgspec.json.encode(form.content)
    except UnicodeEncodeError:
        return ["half a character stands in it (a surrogate alone, such as \\ud83c)"]
    except (ValueError, TypeError, RecursionError) as error:
        return [f"it can be no JSON document: {error}"]
    return unknown_fields(form.content)


def _is_about_all(error: OnsaleError) -> bool:
    """Whether the others would end the same way, and nothing was done."""
    if isinstance(error, NoAnswerError):
        return not error.may_have_happened
    return isinstance(error, NotAuthenticatedError)


def _said(error: OnsaleError, form: EventForm, *, is_made: bool) -> list[str]:
    match error:
        case InvalidRequestError() if error.errors:
            return [about(each, form.content) for each in error.errors]
        case NotAuthenticatedError():
            return [f"the session is over; {sign_in_again()}"]
        case ProblemError():
            return reasons(error)
        case NoAnswerError(may_have_happened=False):
            return [f"no answer ({error.__cause__ or error})"]
        case NotInTimeError():
            return [f"made, but not loaded within {LOAD_SECONDS_MAX:.0f} s"]
        case _:
            told = error.__cause__ or error
            return [f"no answer ({told}); {'it was made' if is_made else _MAY_BE_THERE}"]


def _loaded(client: OnsaleClient, event_id: int) -> EventStatus:
    """The event's status once its seats are loaded."""
    with client.follow_event(event_id, seconds_max=LOAD_SECONDS_MAX) as views:
        for view in views:
            if view.status is not EventStatus.DRAFT:
                return view.status
    raise AssertionError("a stream ends with an error")


def _row(outcome: Outcome) -> tuple[object, ...]:
    if outcome.status is None or outcome.errors:
        said = "; ".join(outcome.errors)
    else:
        is_active = outcome.is_active is not False
        said = state_and_next(outcome.status, outcome.on_sale_at, is_active=is_active)
    there = "was there: " if outcome.skipped and not outcome.errors else ""
    return outcome.event_id or "-", outcome.source, outcome.name, f"{there}{said}"
