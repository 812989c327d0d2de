"""Ticket codes: read back as they were issued, and refused in any other form."""

import string
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onsale.service.ticketing.app.interface.i_ticket_codes import SoldTicket
from onsale.service.ticketing.domain.exceptions import TicketNotValidError
from onsale.service.ticketing.driven_adapter.security.hmac_ticket_codes import (
    CODE_LENGTH,
    HmacTicketCodes,
)

CODES = HmacTicketCodes(b"0123456789abcdef0123456789abcdef")
ALPHABET = string.ascii_letters + string.digits + "-_"
TICKET = SoldTicket(1, UUID("0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10"))
TICKETS = st.builds(SoldTicket, st.integers(1, 2**63 - 1), st.uuids())


def is_refused(code: str, codes: HmacTicketCodes = CODES) -> bool:
    try:
        codes.read(code)
    except TicketNotValidError:
        return True
    return False


@given(TICKETS)
def test_a_code_is_read_back_and_is_short_text_for_urls(ticket: SoldTicket) -> None:
    code = CODES.issue(ticket)
    assert CODES.read(code) == ticket
    assert len(code) == CODE_LENGTH < 80
    assert set(code) <= set(ALPHABET)


@given(TICKETS, TICKETS)
def test_tickets_and_bookings_have_codes_of_their_own(one: SoldTicket, other: SoldTicket) -> None:
    assert (CODES.issue(one) == CODES.issue(other)) == (one == other)


@given(TICKETS, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET + "+/=. \n\0é٣"))
def test_any_change_of_any_character_is_refused(
    ticket: SoldTicket, place: int, character: str
) -> None:
    code = CODES.issue(ticket)
    assume(code[place] != character)
    assert is_refused(code[:place] + character + code[place + 1 :])


@given(TICKETS, st.integers(0, CODE_LENGTH - 1))
def test_what_is_padded_to_its_length_is_refused(ticket: SoldTicket, place: int) -> None:
    assert is_refused(CODES.issue(ticket)[:place].ljust(CODE_LENGTH, "="))


@given(TICKETS, st.integers(0, CODE_LENGTH - 1), st.text(max_size=3))
def test_what_is_cut_or_longer_is_refused(ticket: SoldTicket, place: int, more: str) -> None:
    code = CODES.issue(ticket)
    assert is_refused(code[:place])
    assert is_refused(code[place + 1 :])
    if more:
        assert is_refused(code + more)
        assert is_refused(more + code)


@given(st.text(max_size=2 * CODE_LENGTH) | st.text(ALPHABET, min_size=56, max_size=56))
def test_text_that_nobody_issued_is_refused(text: str) -> None:
    assert is_refused(text)


@pytest.mark.parametrize(
    "text", ["", "A" * 56, "A" * 10_000_000, "\ud800" * 56, "🎫" * 56, "=" * 56]
)
def test_whatever_a_scanner_may_see_is_refused(text: str) -> None:
    assert is_refused(text)


def test_other_spellings_of_the_same_bytes_are_refused() -> None:
    spelled = (CODES.issue(SoldTicket(number, TICKET.booking_id)) for number in range(1, 1_000))
    code = next(one for one in spelled if "-" in one and "_" in one)
    assert is_refused(code.replace("-", "+"))
    assert is_refused(code.replace("_", "/"))


def test_another_secret_reads_no_code_and_the_same_one_reads_it_in_every_process() -> None:
    code = CODES.issue(TICKET)
    assert is_refused(code, HmacTicketCodes(b"0123456789abcdef0123456789abcdeF"))
    assert HmacTicketCodes(b"0123456789abcdef0123456789abcdef").read(code) == TICKET


def test_codes_that_are_printed_stay_good_in_later_versions() -> None:
    assert CODES.issue(TICKET) == "AAAAAAAAAAEBlrekUvJ8wY8-PW8eepsQ8jVseB6gFF917BCaS_YvkPr_"
