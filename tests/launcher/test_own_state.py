"""`examples/own-state`: an adopter's table beside ours and its service behind the real edge."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from aiohttp import web

from deploy_kit import ROOT
from launcher.edge_kit import Edge, running_edge
from todochat.bus.redis_client import create_server_client
from todochat.identity.revocation import REVOKED_KEY
from todochat.identity.tokens import SigningKey, TokenIssuer
from todochat.testing import free_port, wait_until
from todochat.testing.servers import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLE = ROOT / "examples/own-state"
PASSWORDS = {"club_owner": "owner-password", "club_app": "app-password"}
SECRET = "a-service-secret-of-at-least-32-bytes"

Token = Callable[..., str]


class Club:
    """The running service, and its database."""

    def __init__(self, admin_url: str, database: str, environ: dict[str, str]) -> None:
        self.admin_url = admin_url
        self.database = database
        self.environ = environ
        self.url = f"http://127.0.0.1:{environ['CLUB_PORT']}"

    async def run(self, command: str, **variables: str) -> tuple[int | None, str]:
        process = await self.start(command, **variables)
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, output.decode()

    async def start(self, command: str, **variables: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "club_service.py",
            command,
            cwd=EXAMPLE,
            env={**self.environ, **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def connect(self, role: str) -> Any:
        return await asyncpg.connect(self.role_url(role))

    def role_url(self, role: str) -> str:
        server = self.admin_url.rpartition("@")[2].partition("/")[0]
        return f"postgresql://{role}:{PASSWORDS[role]}@{server}/{self.database}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def club(
    postgres: PostgresServer, redis_url: str, key: SigningKey, jwks_url: str
) -> AsyncIterator[Club]:
    """The service, set up, migrated and started like an operator does it."""
    urls = await postgres.create_database("chat")
    database = urls.owner.rpartition("/")[2]
    environ = {
        "PATH": os.defpath,
        "REDIS_URL": redis_url,
        "AUTH_JWKS_URL": jwks_url,
        "TODOCHAT_ISSUER": "todochat",
        "DATABASE_ADMIN_URL": postgres.admin_url,
        "CLUB_DATABASE": database,
        "CLUB_PORT": str(free_port()),
        "DRAIN_DELAY_S": "0",
        **{f"{role.upper()}_PASSWORD": password for role, password in PASSWORDS.items()},
    }
    club = Club(postgres.admin_url, database, environ)
    for _ in range(2):  # both are idempotent
        assert (await club.run("setup"))[0] == 0
        code, output = await club.run("migrate", CLUB_OWNER_URL=club.role_url("club_owner"))
        assert code == 0, output
    process = await club.start("serve", CLUB_POSTGRES_URL=club.role_url("club_app"))
    try:
        async with aiohttp.ClientSession() as session:

            async def is_ready() -> bool:
                assert process.returncode is None
                try:
                    async with session.get(f"{club.url}/health/ready") as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await wait_until(is_ready, 30)
        yield club
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
        await postgres.drop_database(urls)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def jwks_url(key: SigningKey) -> AsyncIterator[str]:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.public_jwk()]})

    app = web.Application()
    app.router.add_get("/jwks.json", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
    await runner.cleanup()


@pytest.fixture
def token(key: SigningKey) -> Token:
    """Create login tokens, or client secrets, as auth-session does."""
    issuer = TokenIssuer("todochat", key)

    def make(user: str, sid: str = "ses_1", *, secret: bool = False) -> str:
        now = int(time.time())
        if secret:
            return issuer.client_secret(user, sid, now)[0]
        return issuer.login_token(user, sid, now)[0]

    return make


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def edge(club: Club, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """The edge with the example's route, to the port of the service."""
    tmp_path = tmp_path_factory.mktemp("caddy")
    route = (EXAMPLE / "club.caddy").read_text(encoding="utf-8")
    (tmp_path / "club.caddy").write_text(
        route.replace(":8010\n", f":{club.environ['CLUB_PORT']}\n")
    )
    settings = {"EDGE_EXTRA_ROUTES": f"{tmp_path}/club.caddy"}
    async with running_edge(tmp_path, settings=settings) as edge:
        yield edge


async def add_stamps(club: Club, user: str, *keys: str) -> None:
    """Add stamps as the agent does: as club_app, bound to the user."""
    connection = await club.connect("club_app")
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.user_id', $1, true)", user)
        for key in keys:
            await connection.execute("INSERT INTO stamps (user_id, key) VALUES ($1, $2)", user, key)
    await connection.close()


async def test_signed_in_user_reads_the_own_card_through_the_edge(
    club: Club, edge: Edge, token: Token
) -> None:
    await add_stamps(club, "usr_ada", "k1", "k2")
    await add_stamps(club, "usr_bob", "k1")

    answer = await edge.get("/api/usr_ada/stamps", f"Authorization: Bearer {token('usr_ada')}")

    assert (answer.status, answer.body) == (200, b'{"stamps":2}')


@pytest.mark.parametrize(
    ("path", "user", "options", "status"),
    [
        ("/api/usr_bob/stamps", "usr_ada", {}, 403),
        ("/api/usr_ada/stamps", "usr_ada", {"secret": True}, 401),
        ("/api/usr_ada/stamps", "usr_ada", {"sid": "ses_out"}, 401),
        ("/api/usr_ada/stamps", None, {}, 401),
    ],
    ids=["other user", "client secret", "signed out", "no token"],
)
async def test_only_the_own_login_token_is_accepted(
    club: Club,
    edge: Edge,
    token: Token,
    redis_url: str,
    path: str,
    user: str | None,
    options: dict[str, Any],
    status: int,
) -> None:
    redis = create_server_client(redis_url)
    await redis.zadd(REVOKED_KEY, {"ses_out": time.time() + 600})
    await redis.aclose()
    headers = [f"Authorization: Bearer {token(user, **options)}"] if user else []

    async def has_status() -> bool:
        return (await edge.get(path, *headers)).status == status

    await wait_until(has_status, 15)  # a sign-out arrives within 5 s


async def test_tables_of_both_sides_are_invisible_to_the_other(club: Club) -> None:
    await add_stamps(club, "usr_eve", "k1")

    app = await club.connect("club_app")
    assert await app.fetchval("SELECT count(*) FROM stamps") == 0  # no user is bound
    with pytest.raises(asyncpg.PostgresError):
        await app.execute("CREATE TABLE more (id int)")
    await app.close()
    owner = await club.connect("club_owner")
    tables = await owner.fetch(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'club'"
    )
    assert {row["tablename"] for row in tables} == {"stamps", "alembic_version"}
    await owner.close()


async def test_setup_repairs_the_owners_after_a_restore(club: Club) -> None:
    admin = await asyncpg.connect(club.admin_url, database=club.database)
    await admin.execute("ALTER SCHEMA club OWNER TO chat_owner")
    await admin.execute("ALTER TABLE club.stamps OWNER TO chat_owner")
    await admin.execute("ALTER TABLE club.alembic_version OWNER TO chat_owner")

    code, output = await club.run("setup")

    assert code == 0, output
    owners = await admin.fetch("SELECT tableowner FROM pg_tables WHERE schemaname = 'club'")
    assert {row["tableowner"] for row in owners} == {"club_owner"}
    await admin.close()
    code, output = await club.run("migrate", CLUB_OWNER_URL=club.role_url("club_owner"))
    assert code == 0, output


async def test_page_shows_the_examples_own_lines() -> None:
    page = (ROOT / "docs/adopting/state.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:python|caddy)\n(.*?)```", page, re.DOTALL)
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(EXAMPLE.rglob("*"))
        if path.suffix in {".py", ".caddy"}
    )

    assert len(blocks) >= 3
    assert [block for block in blocks if block not in sources] == []
