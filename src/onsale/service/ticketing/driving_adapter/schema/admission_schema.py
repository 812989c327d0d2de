"""What the door asks, and what it is told."""

from datetime import datetime

import msgspec
from pydantic import Field

from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import Admission
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel, utc

EXAMPLE_CODE = "AAAAAAAB4kABlrekUvJ8wY8-PW8eepsQ6rw7vkFX0RQ1I-Xc7b-rndS3"


class AdmitTicketRequest(RequestModel):
    """What a scanner has read. Any text may be asked about: what is no code is not valid."""

    code: str = Field(examples=[EXAMPLE_CODE], repr=False)


class AdmittedTicketBody(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that let somebody in, and when, in UTC."""

    ticket_id: int
    section: str
    subsection: int
    row: int
    seat: int
    admitted_at: datetime


def admitted_ticket_body(admission: Admission) -> AdmittedTicketBody:
    """The answer to an admission."""
    return AdmittedTicketBody(
        ticket_id=admission.ticket_id,
        section=admission.section,
        subsection=admission.subsection,
        row=admission.row,
        seat=admission.seat,
        admitted_at=utc(admission.admitted_at),
    )
