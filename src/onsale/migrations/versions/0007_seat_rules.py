"""Bookings that come with rules for their seats, and events that leave no single seat.

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change: code that does not know these columns writes neither."""
    op.add_column(
        "event",
        sa.Column(
            "leave_no_single_seats", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.add_column("booking", sa.Column("seat_rules", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("booking", "seat_rules")
    op.drop_column("event", "leave_no_single_seats")
