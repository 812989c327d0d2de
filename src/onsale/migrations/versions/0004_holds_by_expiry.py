"""Holds that run out are found in the order in which they do.

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change.

    A hold gets one more index entry. No update can leave all indexes alone less often than before:
    whatever makes or ends a hold, or gives it another end, writes to the index of its event anyway.
    """
    op.create_index(
        "ix_booking_expiring",
        "booking",
        ["expires_at"],
        postgresql_where=sa.text("status = 'pending_payment'"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_booking_expiring", "booking")
