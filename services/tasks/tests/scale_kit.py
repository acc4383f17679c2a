"""Many tasks, written as rows by a superuser: far faster than over HTTP."""

from typing import Final

import asyncpg

# Pronounceable words; the power in the query below makes some of them common, as in a language.
WORDS: Final = [
    onset + vowel + coda
    for coda in ["ck", "d", "ll", "n", "p", "r", "s", "t"]
    for vowel in "aeiou"
    for onset in [
        "b",
        "br",
        "c",
        "cr",
        "d",
        "f",
        "fl",
        "g",
        "gr",
        "h",
        "j",
        "k",
        "l",
        "m",
        "n",
        "p",
        "pl",
        "qu",
        "r",
        "s",
        "st",
        "t",
        "tr",
        "v",
        "w",
        "z",
    ]
]
LISTS: Final = 20
_COUNTERS: Final = """
    INSERT INTO user_counters (user_id, last_number, indexed_number) VALUES ($1, $2, 2147483647)
"""
_LISTS: Final = """
    INSERT INTO lists (id, user_id, name, name_key, is_default, created_at, updated_at)
    SELECT $1 || '_l' || n, $1, 'List ' || n, 'list ' || n, n = 0, now(), now()
      FROM generate_series(0, $2::int - 1) AS n
"""
_TASKS: Final = """
    INSERT INTO tasks (id, user_id, number, list_id, title, title_key, notes, search_key, priority,
                       tags, tag_keys, due_on, due_deadline, completed_at, created_at, updated_at)
    SELECT $1 || '_t' || n, $1, n, $1 || '_l' || n % 20, title, title, '',
           title || E'\\n' || array_to_string(tags, E'\\n'), n % 4, tags, tags,
           due_on, due_on + interval '1 day',
           CASE WHEN n <= $2 - $3 THEN now() - n * interval '1 minute' END,
           now() - n * interval '1 minute', now() - n * interval '1 minute'
      FROM (SELECT n, CASE WHEN n % 4 = 0 THEN ARRAY['tag' || n % 50] ELSE '{}' END AS tags,
                   CASE WHEN n % 3 = 0 THEN current_date + n % 400 - 200 END AS due_on,
                   (SELECT string_agg(($4::text[])[1 + (power(random(), 2.5) * $5)::int], ' ')
                      FROM generate_series(1, 4 + n % 4) AS word WHERE word + n > 0) AS title
              FROM generate_series(1, $2::int) AS n OFFSET 0) AS made
"""
_VECTORS: Final = """
    INSERT INTO task_search (user_id, task_id, vector)
    SELECT user_id, id, task_vector(user_id, title_key, tag_keys, search_key,
                                    deleted_at IS NULL AND completed_at IS NULL) FROM tasks
"""

_TAG_COUNTS: Final = """
    INSERT INTO tag_counts (user_id, key, tag, list_id, open_tasks, tasks)
    SELECT user_id, tag, tag, list_id, count(*) FILTER (WHERE completed_at IS NULL), count(*)
      FROM tasks CROSS JOIN unnest(tags) AS tag GROUP BY user_id, tag, list_id
"""


async def fill(admin_url: str, people: dict[str, int], *, open_tasks: int) -> None:
    """Write the tasks of people, given by user ID, and the statistics of the planner.

    Args:
        open_tasks: how many of each person's tasks are open; these are the newest.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        # Neither the triggers nor the checks of foreign keys for each row.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DROP INDEX ix_task_search_vector")
        for user_id, count in people.items():
            await connection.execute(_COUNTERS, user_id, count)
            await connection.execute(_LISTS, user_id, LISTS)
            opened = min(open_tasks, count)
            await connection.execute(_TASKS, user_id, count, opened, WORDS, len(WORDS) - 1)
        await connection.execute(_VECTORS)
        await connection.execute(_TAG_COUNTS)
        await connection.execute(
            "CREATE INDEX ix_task_search_vector ON task_search USING gin (vector)"
            " WITH (fastupdate = off)"
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def sequential_scans(admin_url: str) -> dict[str, int]:
    """Return how often the tables of tasks were read from end to end."""
    connection = await asyncpg.connect(admin_url)
    try:
        rows = await connection.fetch(
            "SELECT relname, seq_scan FROM pg_stat_user_tables"
            " WHERE relname IN ('tasks', 'task_search', 'task_events', 'task_changes')"
        )
    finally:
        await connection.close()
    return {row["relname"]: row["seq_scan"] for row in rows}


async def used_indexes(admin_url: str) -> set[str]:
    """Return the names of the indexes that were read."""
    connection = await asyncpg.connect(admin_url)
    try:
        rows = await connection.fetch(
            "SELECT indexrelname FROM pg_stat_user_indexes WHERE idx_scan > 0"
        )
        return {row[0] for row in rows}
    finally:
        await connection.close()
