"""Who may do what: the one place where roles and ownership are judged."""

from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import ForbiddenRoleError, NotOwnerError


class RoleAuthService:
    """Every method returns in silence or raises what the caller may tell the client."""

    @staticmethod
    def require_role(principal: Principal, role: UserRole) -> None:
        """Raise ``ForbiddenRoleError`` unless the principal has the role."""
        if principal.role is not role:
            raise ForbiddenRoleError(required_role=role.value)

    @classmethod
    def require_event_seller(cls, principal: Principal, event: Event) -> None:
        """Only the seller who made an event may change it."""
        cls.require_role(principal, UserRole.SELLER)
        event.require_seller(principal.user_id)

    @classmethod
    def require_booking_buyer(cls, principal: Principal, booking: Booking) -> None:
        """Only the buyer of a booking may follow, pay or cancel it."""
        cls.require_role(principal, UserRole.BUYER)
        booking.require_buyer(principal.user_id)

    @staticmethod
    def require_booking_reader(principal: Principal, booking: Booking, seller_id: int) -> None:
        """A booking is read by its buyer and by the seller of its event."""
        owner = booking.buyer_id if principal.role is UserRole.BUYER else seller_id
        if principal.user_id != owner:
            raise NotOwnerError
