"""An operator's recurring work: backups, rotation, erasure."""

import shutil

import httpx

from compose_check.first_day import TIMEOUT_S, OperatedSystem
from compose_check.installation import Installation
from compose_check.operations import SERVICES
from compose_check.users import TEXT, count_tasks, sign_in, stored_text, traffic
from todochat.testing import wait_until
from todochat.testing.person import Person

WAIT_S = 120.0
KEYS_S = 60.0  # auth-session creates keys within 30 s
ROLE_URLS = (
    "auth_migration_database_url", "auth_database_url", "tasks_migration_database_url",
    "tasks_database_url", "tasks_jobs_database_url", "chat_migration_database_url",
    "chat_database_url", "chat_jobs_database_url",
)  # fmt: skip
SUPERUSER_FILES = ("postgres_password", "database_admin_url")
VALKEY_FILES = ("valkey_password", "valkey_conf", "redis_url")
ARROW = "service_secret_gateway_to_agent"
ITS_SERVICES = ("todo-agent-api", "todo-agent-worker", "chat-gateway")


async def back_up_and_restore(system: OperatedSystem) -> str:
    """Follow backup-restore.md into an empty project with new secrets."""
    source, target = system.installation, system.other
    ada = system.people[0]
    answer = await ada.ask("add milk")
    tasks = await count_tasks(ada)
    await source.compose("run", "--rm", "backup")
    listed = (await source.compose("run", "--rm", "backup", "list")).split()
    (backup,) = [path.name for path in (source.folder / "backups").iterdir() if path.is_dir()]
    assert backup in listed, listed

    target.make_secrets()
    target.configure(PUBLIC_URL=target.http, AUTH_SIGN_UP="open")
    shutil.copytree(source.folder / "backups" / backup, target.folder / "backups" / backup)
    await target.compose("up", "-d", "postgres")
    await target.compose("run", "--rm", "databases")
    await target.compose("run", "--rm", "backup", "restore", backup)
    seconds = await target.up()
    async with httpx.AsyncClient(base_url=target.http, timeout=TIMEOUT_S) as client:
        restored = await sign_in(client, ada.email)
        assert await stored_text(restored, answer.thread_id) == TEXT
        assert await count_tasks(restored) == tasks
        assert (await restored.ask("show my tasks")).ended == "completed"
    await target.compose("down", "--volumes")
    return f"{backup}, {tasks} tasks of one user; `up -d` after the restore took {seconds:.1f} s"


async def erase_user(system: OperatedSystem) -> str:
    """Erase a user and find nothing in the databases."""
    installation = system.installation
    ada = system.people.pop()
    await ada.ask("add milk")
    assert await rows_of(installation, ada), "the search finds no user at all"
    await installation.admin("user", "delete", ada.email, "--yes")

    async def is_gone() -> bool:
        return not await rows_of(installation, ada)

    await wait_until(is_gone, WAIT_S, interval_s=1)
    refused = await ada.api("GET", "/tasks")
    assert refused.status_code == 401, refused.text
    return "no row has the user's ID"


async def rotate_signing_keys(system: OperatedSystem) -> str:
    """Rotate without waiting for the verifiers' caches."""
    installation = system.installation
    before = await installation.admin("keys", "list")
    async with traffic(system.people) as seen:
        kid = (await installation.admin("keys", "rotate", "--now")).strip()
        await seen.wait_for_turns()
    after = await installation.admin("keys", "list")
    assert kid in after, after
    assert len(after.splitlines()) == len(before.splitlines()) + 1, after
    return str(seen)


async def rotate_arrow(system: OperatedSystem) -> str:
    """Rotate the secret of one arrow in three steps."""
    path = system.installation.folder / "secrets" / ARROW
    old, new = path.read_text(encoding="utf-8"), "rotated-" + "0123456789abcdef" * 3
    async with traffic(system.people) as seen:
        for value in (f"{old},{new}", f"{new},{old}", new):
            path.write_text(value, encoding="utf-8")
            await system.installation.roll(*ITS_SERVICES)
        await seen.wait_for_turns()
    return f"{ARROW}, in three steps: {seen}"


async def rotate_role_passwords(system: OperatedSystem) -> str:
    """Give the databases' roles new passwords."""
    installation = system.installation
    for name in ROLE_URLS:
        (installation.folder / "secrets" / name).unlink()
    installation.make_secrets()
    async with traffic(system.people) as seen:
        await installation.compose("run", "--rm", "databases")
        await installation.roll(*SERVICES)
        await seen.wait_for_turns()
    return str(seen)


async def rotate_store_passwords(system: OperatedSystem) -> str:
    """Give the superuser and Valkey new passwords."""
    installation = system.installation
    secrets = installation.folder / "secrets"
    for name in SUPERUSER_FILES + VALKEY_FILES:
        (secrets / name).unlink()
    installation.make_secrets()
    password = (secrets / "postgres_password").read_text(encoding="utf-8")
    await installation.compose(
        "exec", "-T", "postgres", "psql", "-U", "postgres",
        given=f"ALTER ROLE postgres PASSWORD '{password}'",
    )  # fmt: skip
    await installation.compose("run", "--rm", "databases")  # as the superuser
    async with traffic(system.people) as seen:
        await installation.roll("valkey", *SERVICES)
        await seen.wait_for_turns()
    return f"of the superuser and of Valkey: {seen}"


async def replace_stolen_keys(system: OperatedSystem) -> str:
    """Delete all signing keys, so that earlier tokens become invalid."""
    installation = system.installation
    await installation.query("auth", "DELETE FROM signing_keys")

    async def are_new() -> bool:
        return len((await installation.admin("keys", "list")).splitlines()) == 2

    await wait_until(are_new, KEYS_S, interval_s=1)
    # Verifiers would load the published keys that one of them stored.
    forget = 'REDISCLI_AUTH="$(cat /run/secrets/valkey_password)" valkey-cli del auth:jwks'
    await installation.execute("valkey", "sh", "-c", forget)
    await installation.compose("restart", "tasks", "chat-gateway")
    await installation.wait_healthy()
    refused = await system.people[0].api("GET", "/tasks")
    assert refused.status_code == 401, f"an earlier token still works: {refused.status_code}"
    client = system.people[0].client
    system.people = [await sign_in(client, person.email) for person in system.people]
    async with traffic(system.people) as seen:
        await seen.wait_for_turns()
    return f"earlier tokens are invalid; after a new sign-in {seen}"


async def rows_of(installation: Installation, person: Person) -> list[str]:
    """Return the tables with rows of a user, in all databases."""
    columns = (
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'user_id'"
    )
    found = []
    for database in ("auth", "tasks", "chat"):
        for table in await installation.query(database, columns):
            where = f"user_id::text = '{person.user_id}'"
            (count,) = await installation.query(
                database, f'SELECT count(*) FROM "{table}" WHERE {where}'
            )
            found += [f"{database}.{table}: {count}"] if count != "0" else []
    return found
