"""A row in every table of the first revisions, in the first release's form."""

from typing import Final

USER: Final = "usr_0000000000000000000000ada0"
THREAD: Final = "thr_00000000000000000000000001"
RUN: Final = "run_00000000000000000000000001"
LIST: Final = "lst_00000000000000000000000001"
TASK: Final = "tsk_00000000000000000000000001"
SAID: Final = "what about the zanzibarine milk?"
NOW: Final = "2026-11-23T06:00:00Z"

# Database -> statements that run under its first revision.
FIRST_ROWS: Final = {
    "auth": (
        (
            f"INSERT INTO users VALUES ('{USER}', 'local', '{USER}', 'ada@example.com',"
            f" 'ada@example.com', 'Ada', 'Europe/Berlin', 'en', '{NOW}', '{NOW}')"
        ),
        f"INSERT INTO passwords VALUES ('{USER}', '$argon2id$v=19$x', '{NOW}')",
        f"INSERT INTO invitations VALUES ('\\x01', NULL, '{NOW}', '{NOW}', '{NOW}', '{USER}')",
        (
            f"INSERT INTO sessions VALUES ('ses_1', '{USER}', '{NOW}', '2099-01-01', '{NOW}', NULL,"
            " NULL)"
        ),
        f"INSERT INTO refresh_tokens VALUES ('\\x02', 'ses_1', '{NOW}', '2099-01-01', NULL)",
        f"INSERT INTO sign_in_failures VALUES ('\\x03', '192.0.2.1', 1, '{NOW}', NULL, '{NOW}')",
        (
            f"""INSERT INTO signing_keys VALUES ('k1', 'current', '\\x04', '{{"kid": "k1"}}',"""
            f" '{NOW}', NULL)"
        ),
    ),
    "tasks": (
        f"INSERT INTO user_counters VALUES ('{USER}', 1, 1)",
        f"INSERT INTO lists VALUES ('{LIST}', '{USER}', 'Tasks', 'tasks', true, '{NOW}', '{NOW}')",
        (
            "INSERT INTO tasks (id, user_id, number, list_id, title, title_key, notes, search_key,"
            " priority, tags, tag_keys, created_at, updated_at)"
            f" VALUES ('{TASK}', '{USER}', 1, '{LIST}', 'Buy milk', 'buy milk', '', 'buy milk', 0,"
            f" '{{home}}', '{{home}}', '{NOW}', '{NOW}')"
        ),
        (
            f"INSERT INTO task_events VALUES ('{USER}', 1, 'task.created.v1', '{TASK}', NULL, 'agent',"
            f" '{RUN}', '{{}}', '{NOW}')"
        ),
        (
            f"INSERT INTO idempotency_keys VALUES ('{USER}', 'POST', '/tasks', '{RUN}:0:0', 'f', 201,"
            f" '\\x7b7d', '{NOW}')"
        ),
        f"INSERT INTO run_attempts VALUES ('{USER}', '{RUN}', 2, '{NOW}')",
    ),
    "chat": (
        f"INSERT INTO owners VALUES ('{USER}', 1)",
        (
            "INSERT INTO threads VALUES"
            f" ('{THREAD}', '{USER}', 1, 'Milk', '{{}}', '{{}}', NULL, '{NOW}', '{NOW}')"
        ),
        (
            f"INSERT INTO items VALUES ('{THREAD}', 'itm_1', '{USER}', '{RUN}', 'user_message', false,"
            f""" '{{"content": [{{"text": "{SAID}"}}]}}', '{NOW}')"""
        ),
        (
            f"INSERT INTO attachments (user_id, id, thread_id, payload, created_at)"
            f" VALUES ('{USER}', 'atc_1', '{THREAD}', '{{}}', '{NOW}')"
        ),
        (
            f"INSERT INTO feedback (user_id, thread_id, item_id, kind)"
            f" VALUES ('{USER}', '{THREAD}', 'itm_1', 'positive')"
        ),
        (
            "INSERT INTO runs (run_id, user_id, thread_id, conversation_id, kind, request_type,"
            " request, simple_form, turn, body_hash, timezone, locale, status, attempt)"
            f" VALUES ('{RUN}', '{USER}', '{THREAD}', 1, 'agent', 'threads.create', '\\x7b7d', false,"
            " '{}', 'h', 'UTC', 'en', 'running', 1)"
        ),
        (
            f"INSERT INTO run_steps (run_id, key, user_id, payload)"
            f" VALUES ('{RUN}', 'input', '{USER}', '\\x5b5d')"
        ),
    ),
}
