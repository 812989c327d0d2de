"""Many events at once, and what became of each."""

from collections.abc import Callable, Sequence

import msgspec

from onsale.cli.event_fields import about, unknown_fields
from onsale.cli.event_files import EventForm
from onsale.cli.exit_codes import ExitCode
from onsale.cli.printing import note, say_json, say_table
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
_NOT_TRIED = "not tried: the service could not be reached"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event: its number, or why there is none."""

    source: str
    name: str
    event_id: int | None = None
    status: str | None = None
    errors: Sequence[str] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all of them; ``is_away``: the service could not be reached any more."""

    items: Sequence[Outcome]
    is_away: bool

    @property
    def made(self) -> int:
        """How many there are now."""
        return sum(not outcome.errors for outcome in self.items)

    @property
    def exit_code(self) -> ExitCode:
        """With which status to end."""
        if self.made == len(self.items):
            return ExitCode.DONE
        if self.made:
            return ExitCode.PARTLY
        return ExitCode.UNREACHABLE if self.is_away else ExitCode.FAILED


def create_events(
    client: OnsaleClient,
    forms: Sequence[EventForm],
    advance: Callable[[int], None],
    *,
    wait: bool,
) -> Report:
    """Make one after the other. Once the service cannot be reached no more are tried.

    Raises:
        NotAuthenticatedError, NoAnswerError: at the first, so that none was made.
    """
    outcomes: list[Outcome] = []
    is_first, is_away = True, False
    for form in forms:
        name = str(form.content.get("name", ""))
        event_id, status, errors = None, None, [_NOT_TRIED]
        if unknown := unknown_fields(form.content):
            errors = unknown
        elif not is_away:
            try:
                event_id, status = _make(client, form, wait=wait)
                errors = []
            except OnsaleError as error:
                if is_first and _is_about_all(error):
                    raise
                is_away = isinstance(error, NoAnswerError | BadAnswerError)
                errors = _said(error, form)
            is_first = False
        outcomes.append(
            Outcome(source=form.source, name=name, event_id=event_id, status=status, errors=errors)
        )
        advance(1)
    return Report(items=outcomes, is_away=is_away)


def _make(client: OnsaleClient, form: EventForm, *, wait: bool) -> tuple[int, str]:
    event = client.create_event(form.content)
    return event.id, (_loaded(client, event.id) if wait else event.status).value


def _is_about_all(error: OnsaleError) -> bool:
    """Whether the others would end the same way, and nothing was done."""
    if isinstance(error, NoAnswerError):
        return not error.may_have_happened
    return isinstance(error, NotAuthenticatedError)


def _said(error: OnsaleError, form: EventForm) -> list[str]:
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
            return [f"no answer ({told}); it may be there: onsale event list --mine"]


def _loaded(client: OnsaleClient, event_id: int) -> EventStatus:
    """The event's status once its seats are loaded."""
    with client.follow_event(event_id, seconds_max=LOAD_SECONDS_MAX) as views:
        for view in views:
            if view.status is not EventStatus.DRAFT:
                return view.status
    raise AssertionError("a stream ends with an error")


def show(report: Report, *, as_json: bool) -> None:
    """Print what became of each."""
    failed = len(report.items) - report.made
    if as_json:
        say_json({"made": report.made, "failed": failed, "items": report.items})
    else:
        say_table(("event", "from", "name", "outcome"), [_row(each) for each in report.items])
    note(f"{report.made:,} made, {failed:,} failed")


def _row(outcome: Outcome) -> tuple[object, ...]:
    said = "; ".join(outcome.errors) or str(outcome.status)
    return outcome.event_id or "-", outcome.source, outcome.name, said
