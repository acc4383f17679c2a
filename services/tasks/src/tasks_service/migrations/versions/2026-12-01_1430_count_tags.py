"""Count the tasks of each tag where tasks are written.

Triggers keep the counts in the transaction of the change, whichever release makes it. They are
triggers of a statement: one of a row would update the row of a common tag thousands of times in the
transaction of a bulk change. A deleted row needs none, since only tasks in the trash are purged,
and an erasure deletes the counts, too.

The tags of existing tasks are counted by the first request for them (`has_tag_counts`), because the
owner of the tables, which runs migrations, sees no rows of users.

Revision ID: 0018
Revises: 0017
"""

from typing import Final

from alembic import op

revision: Final = "0018"
down_revision: Final = "0017"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
    CREATE TABLE tag_counts (
        user_id text NOT NULL,
        key text COLLATE "C" NOT NULL,
        tag text COLLATE "C" NOT NULL,
        list_id text NOT NULL,
        open_tasks integer NOT NULL,
        tasks integer NOT NULL,
        CONSTRAINT pk_tag_counts PRIMARY KEY (user_id, key, tag, list_id)
    )
"""
WRITTEN: Final = """SELECT {change} AS change, user_id, list_id, tags, tag_keys, completed_at
                FROM {rows} WHERE deleted_at IS NULL AND tag_keys <> '{{}}'"""
ADDED: Final = WRITTEN.format(change=1, rows="new_rows")
REMOVED: Final = WRITTEN.format(change=-1, rows="old_rows")
FUNCTION: Final = """
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO tag_counts (user_id, key, tag, list_id, open_tasks, tasks)
        SELECT user_id, pair.key, pair.tag, list_id,
               coalesce(sum(change) FILTER (WHERE completed_at IS NULL), 0), sum(change)
          FROM ({written}) AS written
               JOIN user_counters USING (user_id)
               CROSS JOIN unnest(tag_keys, tags) AS pair (key, tag)
         WHERE has_tag_counts
         GROUP BY user_id, pair.key, pair.tag, list_id
        HAVING sum(change) <> 0 OR sum(change) FILTER (WHERE completed_at IS NULL) <> 0
        ON CONFLICT (user_id, key, tag, list_id) DO UPDATE
           SET open_tasks = tag_counts.open_tasks + excluded.open_tasks,
               tasks = tag_counts.tasks + excluded.tasks;
        RETURN NULL;
    END
    $$
"""
OWN: Final = "user_id = nullif(current_setting('app.user_id', true), '')"


def upgrade() -> None:
    op.execute("ALTER TABLE user_counters ADD COLUMN has_tag_counts boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE user_counters ALTER COLUMN has_tag_counts SET DEFAULT true")
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_tag_counts_unused ON tag_counts (user_id) WHERE tasks = 0")
    op.execute("ALTER TABLE tag_counts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tag_counts FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON tag_counts TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON tag_counts TO tasks_jobs")
    op.execute(
        f"CREATE POLICY tag_counts_own_rows ON tag_counts TO tasks_app USING ({OWN}) WITH CHECK ({OWN})"
    )
    op.execute(
        f"CREATE POLICY tag_counts_purge ON tag_counts TO tasks_jobs USING (tasks = 0 OR {OWN})"
    )
    op.execute(FUNCTION.format(name="count_new_tags", written=ADDED))
    op.execute(FUNCTION.format(name="count_changed_tags", written=f"{ADDED} UNION ALL {REMOVED}"))
    op.execute(
        "CREATE TRIGGER tasks_count_new_tags AFTER INSERT ON tasks REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_new_tags()"
    )
    op.execute(
        "CREATE TRIGGER tasks_count_changed_tags AFTER UPDATE ON tasks"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_changed_tags()"
    )


def downgrade() -> None:
    for name in ("count_new_tags", "count_changed_tags"):
        op.execute(f"DROP TRIGGER tasks_{name} ON tasks")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP TABLE tag_counts")
    op.execute("ALTER TABLE user_counters DROP COLUMN has_tag_counts")
