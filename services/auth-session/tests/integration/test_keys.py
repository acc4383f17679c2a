"""Signing keys: created once, published, encrypted at rest."""

import asyncio
from collections.abc import Callable

import pytest
from auth_kit import Browser, Connection, MovableClock, OpenDatabase, Service, StartService

from auth_session.errors import SigningKeyError
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import KeyRing
from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.tokens import TokenVerifier

SECRET = "a secret that is long enough for a key"
OTHER_SECRET = "another secret that is long enough too"


MakeRing = Callable[..., KeyRing]


@pytest.fixture
def make_ring(open_own_database: OpenDatabase, clock: MovableClock) -> MakeRing:
    def make(*secrets: str) -> KeyRing:
        return KeyRing(open_own_database(), KeyCipher(secrets or (SECRET,)), clock)

    return make


@pytest.fixture
async def ring(make_ring: MakeRing) -> KeyRing:
    """A key ring that has created and loaded its first keys."""
    ring = make_ring()
    await ring.refresh()
    return ring


async def retire_current_key(database: Connection, clock: MovableClock) -> None:
    await database.execute(
        "UPDATE signing_keys SET state = 'retired', retired_at = $1 WHERE state = 'current'",
        clock(),
    )


async def test_the_document_has_only_public_keys(
    start_service: StartService, own_urls: DatabaseUrls
) -> None:
    service = await start_service(auth_database_url=own_urls.app)  # no other test rotates its keys

    response = await service.browser().http.get("/.well-known/jwks.json")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=60"
    assert len(response.json()["keys"]) == 2
    for key in response.json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")


async def test_a_first_start_creates_a_current_and_a_next_key(
    make_ring: MakeRing, own_database: Connection
) -> None:
    ring = make_ring()

    await ring.refresh()

    states = await own_database.fetch("SELECT state, kid FROM signing_keys ORDER BY state")
    assert [row["state"] for row in states] == ["current", "next"]
    assert ring.current.kid == states[0]["kid"]


async def test_concurrent_starts_create_one_current_key(
    make_ring: MakeRing, own_database: Connection
) -> None:
    rings = [make_ring() for _ in range(6)]

    await asyncio.gather(*(ring.refresh() for ring in rings))

    assert await own_database.fetchval("SELECT count(*) FROM signing_keys") == 2
    assert len({ring.current.kid for ring in rings}) == 1


async def test_a_restart_keeps_the_current_key(make_ring: MakeRing) -> None:
    first, second = make_ring(), make_ring()

    await first.refresh()
    await second.refresh()

    assert first.current.kid == second.current.kid


async def test_a_refresh_loads_another_processs_rotation(
    ring: KeyRing, own_database: Connection, clock: MovableClock
) -> None:
    former = ring.current.kid
    await retire_current_key(own_database, clock)
    await own_database.execute("UPDATE signing_keys SET state = 'current' WHERE state = 'next'")

    await ring.refresh()

    assert ring.current.kid != former
    assert await ring.get(former) is not None


async def test_a_retired_key_is_published_until_the_longest_token_has_expired(
    ring: KeyRing, own_database: Connection, clock: MovableClock
) -> None:
    former = ring.current.kid
    await retire_current_key(own_database, clock)

    clock.advance(days=1, minutes=2, seconds=25)
    await ring.refresh()
    within = await ring.get(former)
    clock.advance(seconds=10)
    await ring.refresh()
    over = await ring.get(former)

    assert within is not None
    assert over is None


async def test_private_keys_are_not_readable_in_the_database(
    ring: KeyRing, own_database: Connection
) -> None:
    stored = await own_database.fetch("SELECT private_key FROM signing_keys")

    pem = ring.current.to_pem()
    assert all(pem not in row["private_key"] for row in stored)
    assert all(b"PRIVATE" not in row["private_key"] for row in stored)


async def test_another_secret_prevents_the_start_and_names_the_setting(make_ring: MakeRing) -> None:
    await make_ring(SECRET).refresh()

    with pytest.raises(SigningKeyError, match="TODOCHAT_SERVICE_SECRET"):
        await make_ring(OTHER_SECRET).refresh()


async def test_both_secrets_reencrypt_the_keys_so_that_the_old_one_can_go(
    make_ring: MakeRing,
) -> None:
    first = make_ring(SECRET)
    await first.refresh()

    await make_ring(OTHER_SECRET, SECRET).refresh()
    last = make_ring(OTHER_SECRET)
    await last.refresh()

    assert last.current.kid == first.current.kid


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET], ids=["stolen keys", "a lost secret"])
async def test_deleted_keys_are_replaced_and_unpublished(
    make_ring: MakeRing, own_database: Connection, secret: str
) -> None:
    first = make_ring(SECRET)
    await first.refresh()
    await own_database.execute("DELETE FROM signing_keys")

    ring = make_ring(secret)
    await ring.refresh()

    assert ring.current.kid != first.current.kid
    assert await ring.get(first.current.kid) is None
    assert len(ring.published()) == 2


async def test_a_login_token_verifies_with_the_published_keys(
    service: Service, browser: Browser
) -> None:
    body = (await browser.sign_up()).json()

    identity = await TokenVerifier("todochat", service.services.keys).login(body["access_token"])

    assert identity.user_id == body["user"]["id"]
