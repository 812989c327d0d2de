"""Holds that run out are found event by event.

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_HELD = sa.text("status = 'pending_payment'")


def upgrade() -> None:
    """Apply the change: one index takes the other's place, so a hold is written as often as before."""
    op.create_index(
        "ix_booking_expiring_by_event",
        "booking",
        ["event_id", "expires_at"],
        postgresql_where=_HELD,
    )
    op.drop_index("ix_booking_expiring", "booking", postgresql_where=_HELD)


def downgrade() -> None:
    """Take the change back."""
    op.create_index("ix_booking_expiring", "booking", ["expires_at"], postgresql_where=_HELD)
    op.drop_index("ix_booking_expiring_by_event", "booking", postgresql_where=_HELD)
