"""Index the words of tasks for search.

An operator that isn't leakproof, such as `@@`, can't use an index before the conditions of a
policy have been checked. So the search condition is a part of the policy: `app.search` holds the
query, and without it each row matches by the word that all rows of its user have.

Rows of existing tasks are written by the first search of their user (`indexed_number`), because
one migration can't write them all without locking the table.

Revision ID: 0008
Revises: 0007
"""

from typing import Final

from alembic import op

revision: Final = "0008"
down_revision: Final = "0007"
branch_labels: Final = None
depends_on: Final = None

PUNCTUATION: Final = r"""!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~"""  # '' is one quote in SQL
SPACES: Final = " " * (len(PUNCTUATION) - 1)

# Each word of a vector begins with 12 letters that stand for the user, because a GIN index can't
# have `user_id` as its first column without an extension. Open tasks also have the word "open" and
# these letters, so that a search among them reads nothing else.
FUNCTIONS: Final = (
    """
    CREATE FUNCTION search_prefix(user_id text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT translate(left(md5(user_id), 12), '0123456789', 'ghijklmnop')
    $$
    """,
    f"""
    CREATE FUNCTION search_vector(user_id text, content text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('simple', regexp_replace(
            translate(
                regexp_replace(normalize(content, NFKD), '[\\u0300-\\u036f]', '', 'g'),
                '{PUNCTUATION}łøđħı', '{SPACES}lodhi'
            ),
            '(\\S+)', search_prefix(user_id) || '\\1', 'g'
        ))
    $$
    """,
    """
    CREATE FUNCTION task_vector(
        user_id text, title text, tags text[], content text, is_open boolean
    ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(CASE WHEN is_open
                THEN ARRAY[search_prefix(user_id), 'open' || search_prefix(user_id)]
                ELSE ARRAY[search_prefix(user_id)] END)
            || setweight(search_vector(user_id, title), 'A')
            || setweight(search_vector(user_id, array_to_string(tags, ' ')), 'B')
            || search_vector(user_id, content)
    $$
    """,
    """
    CREATE FUNCTION index_task() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        is_open boolean := NEW.deleted_at IS NULL AND NEW.completed_at IS NULL;
        open_word text := 'open' || search_prefix(NEW.user_id);
    BEGIN
        PERFORM set_config('app.search', '', true);  -- the row must be visible
        IF TG_OP = 'UPDATE' AND NEW.search_key = OLD.search_key
            AND NEW.title_key = OLD.title_key AND NEW.tag_keys = OLD.tag_keys
        THEN
            UPDATE task_search
               SET vector = CASE WHEN is_open THEN vector || array_to_tsvector(ARRAY[open_word])
                                 ELSE ts_delete(vector, open_word) END
             WHERE user_id = NEW.user_id AND task_id = NEW.id;
        ELSE
            INSERT INTO task_search (user_id, task_id, vector)
            VALUES (NEW.user_id, NEW.id, task_vector(
                NEW.user_id, NEW.title_key, NEW.tag_keys, NEW.search_key, is_open))
            ON CONFLICT (user_id, task_id) DO UPDATE SET vector = excluded.vector;
        END IF;
        RETURN NULL;
    END
    $$
    """,
)
TABLE: Final = """
    CREATE TABLE task_search (
        user_id text NOT NULL,
        task_id text NOT NULL,
        vector tsvector NOT NULL,
        CONSTRAINT pk_task_search PRIMARY KEY (user_id, task_id),
        CONSTRAINT fk_task_search_task FOREIGN KEY (user_id, task_id)
            REFERENCES tasks (user_id, id) ON DELETE CASCADE
    )
"""
OWN: Final = "user_id = nullif(current_setting('app.user_id', true), '')"
MATCHES: Final = """vector @@ coalesce(
    nullif(current_setting('app.search', true), ''),
    search_prefix(nullif(current_setting('app.user_id', true), ''))
)::tsquery"""


def upgrade() -> None:
    op.execute("ALTER TABLE user_counters ADD COLUMN indexed_number integer")
    op.execute(TABLE)
    op.execute(
        "CREATE INDEX ix_task_search_vector ON task_search USING gin (vector) WITH (fastupdate = off)"
    )
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("ALTER TABLE task_search ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE task_search FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE ON task_search TO tasks_app")
    op.execute("GRANT SELECT, DELETE ON task_search TO tasks_jobs")
    op.execute(
        f"CREATE POLICY task_search_matches ON task_search FOR SELECT TO tasks_app"
        f" USING ({OWN} AND {MATCHES})"
    )
    op.execute(
        f"CREATE POLICY task_search_insert ON task_search FOR INSERT TO tasks_app WITH CHECK ({OWN})"
    )
    op.execute(
        f"CREATE POLICY task_search_update ON task_search FOR UPDATE TO tasks_app USING ({OWN})"
    )
    op.execute(f"CREATE POLICY task_search_erase ON task_search TO tasks_jobs USING ({OWN})")
    op.execute(
        "CREATE TRIGGER tasks_index AFTER INSERT OR UPDATE OF title_key, tag_keys, search_key, completed_at,"
        " deleted_at ON tasks FOR EACH ROW EXECUTE FUNCTION index_task()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tasks_index ON tasks")
    op.execute("DROP TABLE task_search")
    for name in ("index_task()", "task_vector(text, text, text[], text, boolean)",
                 "search_vector(text, text)", "search_prefix(text)"):  # fmt: skip
        op.execute(f"DROP FUNCTION {name}")
    op.execute("ALTER TABLE user_counters DROP COLUMN indexed_number")
