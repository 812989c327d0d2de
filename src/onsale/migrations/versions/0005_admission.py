"""A ticket knows when it let somebody in.

Revision ID: 0005
Revises: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change. Without a default no row is written, however many tickets there are."""
    op.add_column("ticket", sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take the change back. Who was let in is forgotten."""
    op.drop_column("ticket", "admitted_at")
