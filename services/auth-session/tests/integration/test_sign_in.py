"""Sign-in: the same for unknown accounts, throttled after failures, with bounded work."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher
from auth_kit import (
    PASSWORD,
    REFRESH_COOKIE,
    Browser,
    Connection,
    MovableClock,
    Service,
    StartService,
    bearer,
)

from auth_session.service.fair_queue import FairQueue
from auth_session.service.password_pool import PasswordCaller, PasswordVerification
from todochat.testing.waiting import wait_until

WRONG = "not the password"


class WatchedHasher:
    """The real hasher; records verifications, and waits while its gate is closed."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.verified: list[str] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def hash(self, password: str) -> str:
        self._wait()
        return self._hasher.hash(password)

    def verify(self, hash_: str, password: str) -> bool:
        self.verified.append(hash_)
        self._wait()
        return self._hasher.verify(hash_, password)

    def check_needs_rehash(self, hash_: str) -> bool:
        return self._hasher.check_needs_rehash(hash_)

    def _wait(self) -> None:
        self.begun.release()
        assert self.gate.wait(10)


async def test_the_correct_password_signs_in(browser: Browser) -> None:
    signed_up = (await browser.sign_up()).json()

    response = await browser.sign_in()

    assert response.status_code == 200
    assert response.json()["user"] == signed_up["user"]
    assert response.json()["expires_in"] == 900


async def test_an_unknown_account_gets_the_response_of_a_wrong_password(service: Service) -> None:
    known, unknown = service.browser(), service.browser()
    await known.sign_up()

    wrong = await known.sign_in(password=WRONG)
    no_account = await unknown.sign_in()
    nonsense = await unknown.sign_in(email="no address \u0000 at all")

    bodies = [response.json() for response in (wrong, no_account, nonsense)]
    for body in bodies:
        del body["request_id"]
    assert [response.status_code for response in (wrong, no_account, nonsense)] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]


async def test_an_unknown_account_costs_an_argon2_verification(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = service.services.password_pool
    known, unknown = service.browser(), service.browser()
    await known.sign_up()
    hasher = WatchedHasher(pool._hasher)
    monkeypatch.setattr(pool, "_hasher", hasher)

    await known.sign_in(password=WRONG)
    await unknown.sign_in(password=WRONG)

    assert len(hasher.verified) == 2
    parameters = [hash_.split("$")[:4] for hash_ in hasher.verified]
    assert parameters[0] == parameters[1]


async def test_composed_and_decomposed_characters_are_the_same_password(browser: Browser) -> None:
    await browser.sign_up(password="na\u00efve gull 7")

    response = await browser.sign_in(password="nai\u0308ve gull 7")

    assert response.status_code == 200


async def test_an_account_without_failures_leaves_no_row_behind(
    browser: Browser, database: Connection
) -> None:
    await browser.sign_up()
    before = await database.fetchval("SELECT count(*) FROM sign_in_failures")

    await browser.sign_in()

    assert await database.fetchval("SELECT count(*) FROM sign_in_failures") == before


async def test_a_hash_with_older_parameters_is_replaced(
    browser: Browser, database: Connection
) -> None:
    user_id = (await browser.sign_up()).json()["user"]["id"]
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(browser.password)
    await database.execute(
        "UPDATE passwords SET password_hash = $1 WHERE user_id = $2", old, user_id
    )

    first = await browser.sign_in()
    renewed = await database.fetchval(
        "SELECT password_hash FROM passwords WHERE user_id = $1", user_id
    )
    second = await browser.sign_in()

    assert (first.status_code, second.status_code) == (200, 200)
    assert "m=8,t=1,p=1" in renewed


class TestThrottle:
    """10 failures per account and address in 15 minutes, then a growing wait."""

    async def fail(self, browser: Browser, times: int) -> list[int]:
        return [(await browser.sign_in(password=WRONG)).status_code for _ in range(times)]

    async def test_the_eleventh_attempt_has_to_wait_even_with_the_correct_password(
        self, browser: Browser
    ) -> None:
        await browser.sign_up()

        failures = await self.fail(browser, 10)
        eleventh = await browser.sign_in()

        assert failures == [401] * 10
        assert eleventh.status_code == 429
        assert eleventh.json()["type"] == "urn:todochat:problem:too-many-sign-ins"
        assert 0 < int(eleventh.headers["retry-after"]) <= 30

    async def test_the_correct_password_resets_the_count(self, browser: Browser) -> None:
        await browser.sign_up()

        assert await self.fail(browser, 9) == [401] * 9
        assert (await browser.sign_in()).status_code == 200
        assert await self.fail(browser, 10) == [401] * 10

    async def test_the_wait_ends_after_thirty_seconds_and_doubles(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await browser.sign_up()
        await self.fail(browser, 10)

        clock.advance(seconds=28)
        early = await browser.sign_in(password=WRONG)
        clock.advance(seconds=2)
        due = await browser.sign_in(password=WRONG)
        again = await browser.sign_in(password=WRONG)

        assert (early.status_code, due.status_code, again.status_code) == (429, 401, 429)
        assert 30 < int(again.headers["retry-after"]) <= 60

    async def test_the_wait_grows_to_fifteen_minutes_and_no_further(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await self.fail(browser, 10)

        waits = []
        for _ in range(8):
            waits.append(int((await browser.sign_in()).headers["retry-after"]))
            clock.advance(seconds=waits[-1] + 1)
            await browser.sign_in()

        assert waits == sorted(waits)
        assert [round(wait, -1) for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]

    async def test_the_correct_password_signs_in_after_the_wait(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await browser.sign_up()
        await self.fail(browser, 10)

        clock.advance(seconds=31)
        response = await browser.sign_in()

        assert response.status_code == 200
        assert (await browser.sign_in(password=WRONG)).status_code == 401

    async def test_failures_expire_after_fifteen_minutes(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await self.fail(browser, 9)

        clock.advance(minutes=15)

        assert await self.fail(browser, 10) == [401] * 10

    async def test_failures_within_fifteen_minutes_add_up(
        self, browser: Browser, clock: MovableClock
    ) -> None:
        await self.fail(browser, 9)

        clock.advance(minutes=14)

        assert await self.fail(browser, 2) == [401, 429]

    async def test_other_addresses_are_not_affected(self, service: Service) -> None:
        attacker, owner = service.browser("203.0.113.7"), service.browser("203.0.113.8")
        await owner.sign_up()
        attacker.email = owner.email
        await self.fail(attacker, 11)

        assert (await owner.sign_in()).status_code == 200
        assert (await attacker.sign_in()).status_code == 429

    async def test_other_accounts_are_not_throttled(self, service: Service) -> None:
        first, second = service.browser(), service.browser()
        await second.sign_up()

        await self.fail(first, 11)

        assert (await second.sign_in()).status_code == 200

    async def test_an_unknown_account_is_throttled_like_a_known_one(self, browser: Browser) -> None:
        assert await self.fail(browser, 11) == [401] * 10 + [429]

    async def test_an_ipv6_network_counts_as_one_address(self, service: Service) -> None:
        first, second = service.browser("2001:db8:1:2::1"), service.browser("2001:db8:1:2:ffff::9")
        second.email = first.email

        await self.fail(first, 10)

        assert (await second.sign_in()).status_code == 429

    async def test_all_spellings_of_an_address_share_a_count(self, browser: Browser) -> None:
        await self.fail(browser, 10)

        assert (await browser.sign_in(email=browser.email.upper())).status_code == 429

    async def test_concurrent_attempts_reveal_at_most_ten_results(
        self, start_service: StartService
    ) -> None:
        service = await start_service(password_queue=100, password_queue_per_address=100)
        browser = service.browser()
        await browser.sign_up()

        responses = await asyncio.gather(
            *(browser.sign_in(password=f"{WRONG} {i}") for i in range(20))
        )

        statuses = sorted(response.status_code for response in responses)
        assert statuses == [401] * 10 + [429] * 10


class TestPasswordPool:
    """Two threads, a bounded queue, 503 beyond it."""

    async def test_a_full_queue_is_503_until_it_drains(
        self, start_service: StartService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = await start_service(password_threads=1, password_queue=1)
        browser = service.browser()
        await browser.sign_up()
        pool = service.services.password_pool
        hasher = WatchedHasher(pool._hasher)
        monkeypatch.setattr(pool, "_hasher", hasher)
        hasher.gate.clear()
        working = asyncio.create_task(browser.sign_in())
        await wait_until(lambda: hasher.begun.acquire(blocking=False))
        waiting = asyncio.create_task(browser.sign_in())
        await wait_until(lambda: len(pool._owners) == 1)

        refused = await browser.sign_in()
        hasher.gate.set()
        served = [(await working).status_code, (await waiting).status_code]
        healed = await browser.sign_in()

        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["type"] == "urn:todochat:problem:password-pool-full"
        assert served == [200, 200]
        assert healed.status_code == 200

    async def test_a_client_that_disconnects_does_not_free_its_thread(
        self, start_service: StartService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = await start_service(password_threads=1, password_queue=0)
        pool = service.services.password_pool
        hasher = WatchedHasher(pool._hasher)
        monkeypatch.setattr(pool, "_hasher", hasher)
        hasher.gate.clear()
        first = asyncio.create_task(
            pool.hash("a password", PasswordCaller.from_address("203.0.113.7"))
        )
        await wait_until(lambda: hasher.begun.acquire(blocking=False))
        first.cancel()
        await asyncio.wait({first})

        with pytest.raises(Exception, match="Too many sign-ins are in progress"):
            await pool.hash("another password", PasswordCaller.from_address("203.0.113.7"))
        hasher.gate.set()
        await wait_until(lambda: pool._working == 0)

    async def test_a_full_pool_does_not_count_as_a_failure(
        self, start_service: StartService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = await start_service(password_threads=1, password_queue=0)
        browser = service.browser()
        await browser.sign_up()
        pool = service.services.password_pool

        monkeypatch.setattr(pool, "_threads", 0)
        full = [(await browser.sign_in(password=WRONG)).status_code for _ in range(11)]
        monkeypatch.setattr(pool, "_threads", 1)

        assert full == [503] * 11
        assert (await browser.sign_in()).status_code == 200

    async def test_a_flood_does_not_affect_users_with_a_session(
        self, start_service: StartService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = await start_service(password_threads=1, password_queue=2)
        owner = service.browser()
        token = (await owner.sign_up()).json()["access_token"]
        pool = service.services.password_pool
        hasher = WatchedHasher(pool._hasher)
        monkeypatch.setattr(pool, "_hasher", hasher)
        hasher.gate.clear()
        flood = [
            asyncio.create_task(service.browser(f"198.51.100.{number}").sign_in())
            for number in range(3)
        ]
        await wait_until(lambda: len(pool._others) == 2)

        stranger = service.browser("198.51.100.9")
        stranger.email = owner.email
        refused = await stranger.sign_in()
        body = {"current_password": PASSWORD, "new_password": "a better horse battery"}
        served = [
            asyncio.create_task(owner.sign_in()),
            asyncio.create_task(owner.post("/api/auth/password", body, headers=bearer(token))),
        ]
        await wait_until(lambda: len(pool._owners) == 2)
        hasher.gate.set()

        assert refused.status_code == 503
        assert [(await task).status_code for task in served] == [200, 204]
        assert [(await task).status_code for task in flood] == [401, 401, 401]

    @pytest.mark.parametrize("cookie", ["another account's", "of an ended session", "made up"])
    async def test_a_refresh_cookie_of_another_account_has_no_effect(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, cookie: str
    ) -> None:
        victim, attacker = service.browser(), service.browser("198.51.100.1")
        token = (await victim.sign_up()).json()["access_token"]
        await attacker.sign_up()
        shown = {
            "another account's": attacker.refresh_token,
            "of an ended session": victim.refresh_token,
            "made up": "made up",
        }[cookie]
        if cookie == "of an ended session":
            await victim.post("/api/auth/sign-out-everywhere", headers=bearer(token))
        attacker.email = victim.email
        attacker.http.cookies.clear()
        attacker.http.cookies.set(REFRESH_COOKIE, str(shown))
        callers: list[PasswordCaller] = []
        verify = service.services.password_pool.verify

        async def watched(
            password: str, hash_: str | None, caller: PasswordCaller
        ) -> PasswordVerification:
            callers.append(caller)
            return await verify(password, hash_, caller)

        monkeypatch.setattr(service.services.password_pool, "verify", watched)
        await attacker.sign_in()

        assert callers == [PasswordCaller(key="198.51.100.1")]


class TestAddressLimit:
    """Wrong passwords are limited by address over all accounts; correct ones don't count."""

    @pytest.fixture
    async def limited(self, start_service: StartService) -> Service:
        return await start_service(wrong_passwords_per_address=5)

    async def test_wrong_passwords_for_many_accounts_are_limited(self, limited: Service) -> None:
        browser, elsewhere = limited.browser("198.51.100.1"), limited.browser("198.51.100.2")
        await browser.sign_up()

        tried = await asyncio.gather(
            *(browser.sign_in(email=f"{number}.{browser.email}") for number in range(12))
        )
        elsewhere.email = browser.email
        browser.http.cookies.clear()
        late = await browser.sign_in()

        codes = [response.status_code for response in tried]
        assert codes.count(401) in {5, 6}  # one more is allowed after 12 s
        assert codes.count(429) == 12 - codes.count(401)
        assert late.status_code == 429
        assert late.json()["type"] == "urn:todochat:problem:too-many-sign-ins"
        assert 0 < int(late.headers["retry-after"]) <= 60
        assert (await elsewhere.sign_in()).status_code == 200

    async def test_an_ipv6_network_is_one_address(self, limited: Service) -> None:
        for number in range(5):
            await limited.browser(f"2001:db8:1:2::{number}").sign_in()

        same, other = limited.browser("2001:db8:1:2:ffff::9"), limited.browser("2001:db8:1:3::1")

        assert (await same.sign_in()).status_code == 429
        assert (await other.sign_in()).status_code == 401

    async def test_correct_passwords_are_not_limited(self, limited: Service) -> None:
        browser = limited.browser("198.51.100.1")
        await browser.sign_up()

        responses = []
        for _ in range(8):
            browser.http.cookies.clear()
            responses.append((await browser.sign_in()).status_code)

        assert responses == [200] * 8

    async def test_users_with_a_session_have_a_separate_limit(self, limited: Service) -> None:
        browser, other = limited.browser("198.51.100.1"), limited.browser("198.51.100.1")
        token = (await browser.sign_up()).json()["access_token"]
        other_token = (await other.sign_up()).json()["access_token"]
        for number in range(6):
            await limited.browser("198.51.100.1").sign_in(email=f"{number}.{browser.email}")

        async def guess(guesser: Browser, login: str) -> int:
            body = {"current_password": WRONG, "new_password": "a better horse battery"}
            response = await guesser.post("/api/auth/password", body, headers=bearer(login))
            return response.status_code

        guesses = [await guess(browser, token) for _ in range(6)]
        deletion = await browser.http.request(
            "DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=bearer(token)
        )

        assert guesses == [403] * 5 + [429]
        assert deletion.status_code == 429
        assert await guess(other, other_token) == 403

    async def test_a_full_pool_does_not_count_as_a_wrong_password(
        self, limited: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser, pool = limited.browser("198.51.100.1"), limited.services.password_pool
        monkeypatch.setattr(pool, "_threads", 0)
        monkeypatch.setattr(pool, "_others", FairQueue[object](0, 1))
        full = [(await browser.sign_in()).status_code for _ in range(6)]
        monkeypatch.undo()

        assert full == [503] * 6
        assert (await browser.sign_in()).status_code == 401
