"""Rotating signing keys: verifiers know every key in use, and no user is signed out."""

import asyncio
from collections.abc import Callable

import pytest
from auth_kit import MovableClock, OpenDatabase, StartService
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth_session import lifespan
from auth_session.domain.limits import KEY_PROPAGATION_TIME
from auth_session.errors import NoSigningKeyError, RotationTooSoonError, SigningKeyError
from auth_session.service.key_cipher import KeyCipher
from auth_session.service.key_ring import KeyRing
from auth_session.service.key_rotation import KeyRotation
from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.jwks import JwksCache
from todochat.identity.tokens import TokenIssuer, TokenVerifier
from todochat.testing.waiting import wait_until

SECRET = "a secret that is long enough for a key"
KNOWN_AFTER_MIN = KEY_PROPAGATION_TIME.total_seconds() / 60

MakeRotation = Callable[..., KeyRotation]


class CachedKeys:
    """A verifier's cache of the keys that were published when it fetched them."""

    def __init__(self, keys: dict[str, Ed25519PublicKey]) -> None:
        self._keys = keys

    @classmethod
    async def of(cls, ring: KeyRing) -> "CachedKeys":
        found = {jwk["kid"]: await ring.get(jwk["kid"]) for jwk in ring.published()}
        return cls({kid: key for kid, key in found.items() if key is not None})

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        return self._keys.get(kid)


@pytest.fixture
async def ring(open_own_database: OpenDatabase, clock: MovableClock) -> KeyRing:
    """A key ring that has created and loaded its first keys."""
    ring = KeyRing(open_own_database(), KeyCipher([SECRET]), clock)
    await ring.refresh()
    return ring


@pytest.fixture
def make_rotation(open_own_database: OpenDatabase, clock: MovableClock) -> MakeRotation:
    def make(secret: str = SECRET) -> KeyRotation:
        return KeyRotation(open_own_database(), KeyCipher([secret]), clock)

    return make


@pytest.fixture
def rotation(make_rotation: MakeRotation) -> KeyRotation:
    return make_rotation()


async def states(rotation: KeyRotation) -> dict[str, str]:
    return {key.kid: key.state for key in await rotation.list_published_keys()}


async def test_rotation_makes_the_next_key_current_and_creates_another(
    ring: KeyRing, rotation: KeyRotation, clock: MovableClock
) -> None:
    before = await states(rotation)
    clock.advance(minutes=KNOWN_AFTER_MIN)

    kid = await rotation.rotate_keys()
    await ring.refresh()

    after = await states(rotation)
    former = next(each for each, state in before.items() if state == "current")
    assert before[kid] == "next"
    assert ring.current.kid == kid
    assert (after[former], after[kid]) == ("retired", "current")
    assert sorted(after.values()) == ["current", "next", "retired"]


async def test_a_verifier_with_cached_keys_knows_the_new_current_key(
    ring: KeyRing, rotation: KeyRotation, clock: MovableClock
) -> None:
    verifier = TokenVerifier("todochat", await CachedKeys.of(ring))
    clock.advance(minutes=KNOWN_AFTER_MIN)
    await rotation.rotate_keys()
    await ring.refresh()

    token, _ = TokenIssuer("todochat", ring.current).login_token(
        "usr_ada", "ses_1", int(clock().timestamp() - KEY_PROPAGATION_TIME.total_seconds())
    )

    assert (await verifier.login(token)).user_id == "usr_ada"


async def test_tokens_of_the_retired_key_stay_valid(
    ring: KeyRing, rotation: KeyRotation, clock: MovableClock
) -> None:
    began = int(clock().timestamp())
    token, _ = TokenIssuer("todochat", ring.current).login_token("usr_ada", "ses_1", began)
    clock.advance(minutes=KNOWN_AFTER_MIN)

    await rotation.rotate_keys()
    await ring.refresh()

    verifier = TokenVerifier("todochat", ring)
    assert (await verifier.login(token)).user_id == "usr_ada"


async def test_a_recent_key_only_becomes_current_at_once_on_request(
    ring: KeyRing, rotation: KeyRotation, clock: MovableClock
) -> None:
    clock.advance(minutes=KNOWN_AFTER_MIN - 1)

    with pytest.raises(RotationTooSoonError, match="Try again in 1 minutes"):
        await rotation.rotate_keys()
    kid = await rotation.rotate_keys(at_once=True)

    await ring.refresh()
    assert ring.current.kid == kid


def test_the_propagation_time_exceeds_all_caches_together() -> None:
    http_cache_s = 60.0

    assert (
        KEY_PROPAGATION_TIME.total_seconds()
        > JwksCache.max_age_s + http_cache_s + lifespan.KEYS_INTERVAL_S
    )


@pytest.mark.usefixtures("ring")
async def test_of_concurrent_rotations_one_succeeds(
    rotation: KeyRotation, make_rotation: MakeRotation, clock: MovableClock
) -> None:
    clock.advance(minutes=KNOWN_AFTER_MIN)

    outcomes = await asyncio.gather(
        *(make_rotation().rotate_keys() for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(each) is str for each in outcomes) == [False, False, False, True]
    assert sorted((await states(rotation)).values()) == ["current", "next", "retired"]


@pytest.mark.usefixtures("ring")
async def test_rotation_with_another_secret_is_refused(
    rotation: KeyRotation, make_rotation: MakeRotation, clock: MovableClock
) -> None:
    before = await states(rotation)
    clock.advance(minutes=KNOWN_AFTER_MIN)

    with pytest.raises(SigningKeyError, match="another secret"):
        await make_rotation("another secret that is long enough too").rotate_keys()

    assert await states(rotation) == before


async def test_rotation_without_keys_is_refused(rotation: KeyRotation) -> None:
    with pytest.raises(NoSigningKeyError):
        await rotation.rotate_keys()


async def test_a_retired_key_is_listed_until_its_publication_ends(
    ring: KeyRing, rotation: KeyRotation, clock: MovableClock
) -> None:
    former = ring.current.kid
    await rotation.rotate_keys(at_once=True)

    (retired,) = [key for key in await rotation.list_published_keys() if key.state == "retired"]
    clock.advance(days=1, minutes=3)

    assert retired.kid == former
    assert retired.published_until is not None
    assert retired.published_until < clock()
    assert former not in await states(rotation)


async def test_running_instances_load_a_rotation_without_a_restart(
    start_service: StartService, own_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifespan, "KEYS_INTERVAL_S", 0.05)
    one = await start_service(auth_database_url=own_urls.app)
    two = await start_service(auth_database_url=own_urls.app)
    browser = one.browser()
    former = (await browser.sign_up()).json()["access_token"]

    kid = await one.services.key_rotation.rotate_keys(at_once=True)

    def all_sign_with_it() -> bool:
        return {each.services.keys.current.kid for each in (one, two)} == {kid}

    await wait_until(all_sign_with_it)
    elsewhere = two.browser()
    elsewhere.email = browser.email
    fresh = (await elsewhere.sign_in()).json()["access_token"]
    assert [(await browser.me(token)).status_code for token in (former, fresh)] == [200, 200]
    assert [(await elsewhere.me(token)).status_code for token in (former, fresh)] == [200, 200]
    documents = [await each.http.get("/.well-known/jwks.json") for each in (browser, elsewhere)]
    assert len(documents[0].json()["keys"]) == 3
    assert documents[0].json() == documents[1].json()


async def test_a_refresh_works_across_a_rotation(
    start_service: StartService, own_urls: DatabaseUrls
) -> None:
    service = await start_service(auth_database_url=own_urls.app)
    browser = service.browser()
    await browser.sign_up()

    await service.services.key_rotation.rotate_keys(at_once=True)
    await service.services.keys.refresh()

    assert (await browser.refresh()).status_code == 200
