"""Ticket codes: what names the ticket, and a signature."""

import hmac
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from struct import Struct
from uuid import UUID

from onsale.service.ticketing.app.interface.i_ticket_codes import SoldTicket
from onsale.service.ticketing.domain.exceptions import TicketNotValidError

_PURPOSE = b"onsale ticket code 1"
# Ticket id and booking id.
_NAMED = Struct(">q16s")
# 144 bits. Together 42 bytes: 56 characters of base64 with no padding and no bit to spare.
_SIGNATURE_BYTES = 18
_CODE_BYTES = _NAMED.size + _SIGNATURE_BYTES
CODE_LENGTH = _CODE_BYTES * 4 // 3


class HmacTicketCodes:
    """Implements ``ITicketCodes`` with HMAC-SHA-256, cut to 18 bytes."""

    def __init__(self, secret: bytes) -> None:
        """``secret`` may serve other purposes too; the key here is derived from it."""
        self._key = hmac.digest(secret, _PURPOSE, sha256)

    def issue(self, ticket: SoldTicket) -> str:
        named = _NAMED.pack(ticket.ticket_id, ticket.booking_id.bytes)
        signature = hmac.digest(self._key, named, sha256)[:_SIGNATURE_BYTES]
        return urlsafe_b64encode(named + signature).decode()

    def read(self, code: str) -> SoldTicket:
        # First, so that it costs nothing to refuse whatever a scanner may see.
        if len(code) != CODE_LENGTH or not code.isascii():
            raise TicketNotValidError
        try:
            content = b64decode(code, altchars=b"-_", validate=True)
        except ValueError:
            raise TicketNotValidError from None
        # The decoder takes any amount of padding at the end, and so there may be less than there
        # has to be.
        if len(content) != _CODE_BYTES:
            raise TicketNotValidError
        ticket_id, booking_id = _NAMED.unpack_from(content)
        ticket = SoldTicket(ticket_id, UUID(bytes=booking_id))
        # The decoder reads several spellings; only one was ever issued.
        if not hmac.compare_digest(self.issue(ticket), code):
            raise TicketNotValidError
        return ticket
