"""What statements cost, counted instead of timed."""

import asyncpg


async def rows_read(pool: asyncpg.Pool, table: str) -> int:
    """Rows of the table that were read so far, whether by index or one after the other."""
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    return int(
        await pool.fetchval(
            "SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes"
            " WHERE relname = $1) FROM pg_stat_user_tables WHERE relname = $1",
            table,
        )
    )
