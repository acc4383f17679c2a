"""Reminders by Web Push: a device gets each one once, encrypted, whatever fails or is killed."""

import asyncio
import datetime as dt
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from push_kit import Browser, PushService, verify_vapid
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tasks_kit import Connection, MakeSettings, Person, Service, StartService, start_process

from tasks_service.domain.delivery import LEASE, MAX_ATTEMPTS
from tasks_service.domain.web_push import VapidKey
from todochat.clock import utc_now
from todochat.identity.tokens import SigningKey
from todochat.testing import free_port

Document = dict[str, Any]
SECOND = dt.timedelta(seconds=1)
DEVICES = "reminders/devices"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(make_settings: MakeSettings, signing_key: SigningKey) -> AsyncIterator[Service]:
    """A service without the periodic jobs: tests fire and deliver reminders themselves."""
    service = Service(make_settings(reminders_poll_s=3600, push_allow_private=True), signing_key)
    await service.start()
    yield service
    await service.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def push() -> AsyncIterator[PushService]:
    push = PushService()
    await push.server.start_server()
    yield push
    await push.server.close()


async def subscribe(person: Person, browser: Browser, **fields: object) -> Document:
    response = await person.post(DEVICES, browser.subscription(**fields))
    assert response.status_code == 200, response.text
    device: Document = response.json()
    return device


async def devices(person: Person) -> list[str]:
    return [device["id"] for device in (await person.get(DEVICES)).json()["items"]]


async def fire(
    service: Service, owner: Connection, person: Person, *, ago: dt.timedelta = 5 * SECOND
) -> None:
    """Let the time of a user's reminders pass, and fire them."""
    await owner.execute(
        "UPDATE reminders SET fires_at = $2 WHERE user_id = $1 AND fires_at IS NOT NULL",
        person.user_id,
        utc_now() - ago,
    )
    await service.app.state.services.reminders.fire_due()


async def remind(
    service: Service, owner: Connection, person: Person, title: str = "Call mom", **fields: object
) -> Document:
    """Create a task whose reminder fires now."""
    at = (utc_now() + dt.timedelta(hours=1)).isoformat()
    task = await person.make_task(title, reminders=[{"at": at}], **fields)
    await fire(service, owner, person)
    return task


async def deliver(*services: Service) -> None:
    """Let services deliver what is due, at the same time."""
    deliveries = [service.app.state.services.deliveries for service in services]
    await asyncio.gather(*(each.start_due() for each in deliveries))
    await asyncio.gather(*(each.wait(30) for each in deliveries))


async def make_due(owner: Connection, person: Person) -> None:
    """Let the pauses and leases of a user's deliveries pass."""
    await owner.execute(
        "UPDATE reminder_deliveries SET next_at = $2 WHERE user_id = $1",
        person.user_id,
        utc_now() - SECOND,
    )


async def outbox(owner: Connection, person: Person) -> list[Document]:
    rows = await owner.fetch(
        "SELECT attempts, next_at FROM reminder_deliveries WHERE user_id = $1", person.user_id
    )
    return [dict(row) for row in rows]


async def test_reminder_reaches_each_device_once(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    phone, laptop = push.browser(), push.browser()
    await subscribe(ada, phone)
    await subscribe(ada, laptop)
    task = await remind(service, owner, ada, due={"date": "2999-07-01", "timezone": "UTC"})

    await deliver(service)
    await deliver(service)

    for browser in (phone, laptop):
        [message] = push.messages(browser)
        assert message.pop("at").endswith("Z")
        assert message == {
            "reminder_id": task["reminders"][0]["id"],
            "user_id": ada.user_id,
            "task_id": task["id"],
            "title": "Call mom",
            "due": {"date": "2999-07-01", "timezone": "UTC"},
        }
    assert await outbox(owner, ada) == []


async def test_push_service_gets_a_signed_encrypted_and_collapsible_message(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    await subscribe(ada, push.browser())
    public_key = (await ada.get(DEVICES)).json()["public_key"]
    await remind(service, owner, ada, "secret plan" * 40)

    await deliver(service)

    [(_, headers, body)] = push.requests
    key, claims = verify_vapid(headers["Authorization"])
    assert key == public_key
    assert claims["aud"] == push.origin
    assert claims["sub"] == "mailto:todochat@localhost"
    assert utc_now().timestamp() < claims["exp"] < utc_now().timestamp() + 86_400
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["TTL"] == "86400"
    assert headers["Urgency"] == "high"
    assert len(headers["Topic"]) == 32
    assert b"secret" not in body
    assert len(body) < 2_048


async def test_reminder_missed_in_a_downtime_arrives_once_and_late(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    at = (utc_now() + dt.timedelta(hours=1)).isoformat()
    await ada.make_task(reminders=[{"at": at}])

    await fire(service, owner, ada, ago=dt.timedelta(hours=5))
    await deliver(service)
    await deliver(service)

    assert [message["late"] for message in push.messages(browser)] == [True]


async def test_snoozed_reminder_arrives_again(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    task = await remind(service, owner, ada)
    await deliver(service)

    await ada.post(f"reminders/{task['reminders'][0]['id']}/snooze", {"minutes": 10})
    await fire(service, owner, ada)
    await deliver(service)

    assert len(push.messages(browser)) == 2


@pytest.mark.parametrize("ending", ["complete", "delete"])
async def test_task_finished_before_the_delivery_reminds_of_nothing(
    service: Service, push: PushService, ada: Person, owner: Connection, ending: str
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    task = await remind(service, owner, ada)
    path = f"tasks/{task['id']}"
    await (ada.post(f"{path}/complete") if ending == "complete" else ada.delete(path))

    await deliver(service)

    assert push.messages(browser) == []
    assert await outbox(owner, ada) == []


@pytest.mark.parametrize("status", [404, 410])
async def test_expired_device_is_deleted(
    service: Service, push: PushService, ada: Person, owner: Connection, status: int
) -> None:
    await subscribe(ada, push.browser())
    await remind(service, owner, ada)
    push.answers = [web.Response(status=status)]

    await deliver(service)

    assert await devices(ada) == []
    assert await outbox(owner, ada) == []


@pytest.mark.parametrize(
    ("answer", "shortest_s"),
    [
        (web.Response(status=503), 10),
        (web.Response(status=429, headers={"Retry-After": "600"}), 600),
        (web.Response(status=500, headers={"Retry-After": "nonsense"}), 10),
    ],
    ids=["503", "429", "500"],
)
async def test_busy_push_service_gets_the_message_later(
    service: Service,
    push: PushService,
    ada: Person,
    owner: Connection,
    answer: web.Response,
    shortest_s: float,
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    await remind(service, owner, ada)
    push.answers = [answer]
    before = utc_now()

    await deliver(service)
    [waiting] = await outbox(owner, ada)
    await deliver(service)
    tries = len(push.requests)
    await make_due(owner, ada)
    await deliver(service)

    assert waiting["next_at"] >= before + shortest_s * SECOND
    assert tries == 1
    assert len(push.messages(browser)) == 2  # the rejected one, and the accepted one
    assert await outbox(owner, ada) == []


async def test_delivery_is_given_up_after_ten_attempts(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    await subscribe(ada, push.browser())
    await remind(service, owner, ada)
    push.answers = [web.Response(status=503) for _ in range(MAX_ATTEMPTS + 5)]

    for _ in range(MAX_ATTEMPTS + 2):
        await deliver(service)
        await make_due(owner, ada)

    assert len(push.requests) == MAX_ATTEMPTS
    assert await outbox(owner, ada) == []


async def test_refused_message_is_not_repeated_and_the_device_stays(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    device = await subscribe(ada, push.browser())
    await remind(service, owner, ada)
    push.answers = [web.Response(status=403)]

    await deliver(service)
    await make_due(owner, ada)
    await deliver(service)

    assert len(push.requests) == 1
    assert await devices(ada) == [device["id"]]


async def test_redirect_of_a_push_service_is_not_followed(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    await subscribe(ada, push.browser())
    await remind(service, owner, ada)
    location = {"Location": f"{push.origin}/push/elsewhere"}
    push.answers = [web.Response(status=307, headers=location)]

    await deliver(service)

    assert len(push.requests) == 1


async def test_unreachable_push_service_delays_only_its_own_devices(
    service: Service, push: PushService, ada: Person, bob: Person, owner: Connection
) -> None:
    await subscribe(ada, Browser(f"http://127.0.0.1:{free_port()}/push/x"))
    browser = push.browser()
    await subscribe(bob, browser)
    await remind(service, owner, ada)
    await remind(service, owner, bob)

    await deliver(service)

    assert len(push.messages(browser)) == 1
    assert [row["attempts"] for row in await outbox(owner, ada)] == [1]


async def test_services_that_deliver_at_the_same_time_deliver_once(
    service: Service,
    start_service: StartService,
    push: PushService,
    ada: Person,
    owner: Connection,
) -> None:
    other = await start_service(reminders_poll_s=3600, push_allow_private=True)
    browser = push.browser()
    await subscribe(ada, browser)
    for number in range(8):
        await remind(service, owner, ada, f"task {number}")

    await deliver(*(service, other) * 4)

    assert sorted(message["title"] for message in push.messages(browser)) == [
        f"task {number}" for number in range(8)
    ]


async def test_process_killed_before_it_records_a_delivery_repeats_it_once(
    service: Service,
    make_settings: MakeSettings,
    push: PushService,
    ada: Person,
    owner: Connection,
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    await remind(service, owner, ada)
    process = await start_process(make_settings(), TASKS_PUSH_ALLOW_PRIVATE="true")
    push.on_message = process.kill  # it has handed the message over, and can't record that
    async with asyncio.timeout(60):
        status = await process.wait()
    push.on_message = None
    handed_over = len(push.requests)

    await deliver(service)
    during_lease = len(push.requests)
    [row] = await outbox(owner, ada)
    await make_due(owner, ada)
    await deliver(service)
    await deliver(service)

    assert status == -signal.SIGKILL
    assert (handed_over, during_lease) == (1, 1)
    assert utc_now() < row["next_at"] < utc_now() + LEASE
    first, second = push.messages(browser)
    assert first == second
    assert len({headers["Topic"] for _, headers, _ in push.requests}) == 1
    assert await outbox(owner, ada) == []


async def test_device_subscribed_twice_is_one_device_with_the_new_keys(
    service: Service, push: PushService, ada: Person, owner: Connection
) -> None:
    old = push.browser()
    new = Browser(old.endpoint)
    first = await subscribe(ada, old, name="Firefox")
    second = await subscribe(ada, new, name="Firefox  on Linux")
    await remind(service, owner, ada)

    await deliver(service)

    assert second == {**first, "name": "Firefox on Linux"}
    assert second["push_service"] == "127.0.0.1"
    assert len(push.messages(new)) == 1


async def test_device_belongs_to_the_last_user_who_signed_in_on_it(
    service: Service, push: PushService, ada: Person, bob: Person, owner: Connection
) -> None:
    browser = push.browser()
    await subscribe(ada, browser)
    other = await subscribe(ada, push.browser())
    theirs = await subscribe(bob, browser)
    await remind(service, owner, ada, "private")
    await remind(service, owner, bob, "for bob")

    await deliver(service)

    assert [message["title"] for message in push.messages(browser)] == ["for bob"]
    assert await devices(ada) == [other["id"]]
    assert await devices(bob) == [theirs["id"]]


async def test_unsubscribed_device_gets_nothing(
    service: Service, push: PushService, ada: Person, bob: Person, owner: Connection
) -> None:
    browser = push.browser()
    device = await subscribe(ada, browser)
    await remind(service, owner, ada)

    foreign = await bob.delete(f"{DEVICES}/{device['id']}")
    removed = await ada.delete(f"{DEVICES}/{device['id']}")
    again = await ada.delete(f"{DEVICES}/{device['id']}")
    await deliver(service)

    assert (foreign.status_code, removed.status_code, again.status_code) == (404, 204, 404)
    assert again.json()["type"] == "urn:todochat:problem:device-not-found"
    assert push.requests == []


async def test_user_has_at_most_ten_devices(push: PushService, ada: Person) -> None:
    browsers = [push.browser() for _ in range(11)]
    for browser in browsers[:10]:
        await subscribe(ada, browser)

    refused = await ada.post(DEVICES, browsers[10].subscription())
    known = await ada.post(DEVICES, browsers[0].subscription())

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:todochat:problem:too-many-devices"
    assert known.status_code == 200


async def test_assistant_cannot_add_or_remove_devices(
    service: Service, push: PushService, ada: Person
) -> None:
    device = await subscribe(ada, push.browser())
    agent = service.agent(ada.user_id)

    added = await agent.post(DEVICES, push.browser().subscription())
    removed = await agent.delete(f"{DEVICES}/{device['id']}")

    assert (added.status_code, removed.status_code) == (403, 403)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://2130706433/x",
    ],
)
async def test_endpoint_in_a_private_network_is_rejected(
    start_service: StartService, endpoint: str
) -> None:
    service = await start_service(reminders_poll_s=3600)
    ada = service.person()

    response = await ada.post(DEVICES, Browser(endpoint).subscription())

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/endpoint"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433"])
async def test_endpoint_that_leads_into_a_private_network_later_is_not_called(
    service: Service,
    start_service: StartService,
    push: PushService,
    owner: Connection,
    host: str,
) -> None:
    strict = await start_service(reminders_poll_s=3600)
    ada = service.person()
    await subscribe(ada, Browser(f"http://{host}:{push.server.port}/push/x"))
    await remind(service, owner, ada)

    await deliver(strict)

    assert push.requests == []


async def test_services_that_start_at_once_share_one_key(
    service: Service, start_service: StartService, owner: Connection
) -> None:
    await owner.execute("DELETE FROM web_push_keys")
    others = [await start_service(reminders_poll_s=3600) for _ in range(3)]

    pages = await asyncio.gather(*(other.person().get(DEVICES) for other in others))

    assert len({page.json()["public_key"] for page in pages}) == 1
    assert await owner.fetchval("SELECT count(*) FROM web_push_keys") == 1


async def test_key_is_hidden_from_the_role_that_serves_requests(service: Service) -> None:
    await service.person().get(DEVICES)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with service.app.state.services.database.transaction() as session:
            await session.execute(text("SELECT * FROM web_push_keys"))


async def test_key_of_the_settings_takes_precedence(start_service: StartService) -> None:
    key = VapidKey.generate()
    service = await start_service(reminders_poll_s=3600, push_private_key=key)

    page = await service.person().get(DEVICES)

    assert page.json()["public_key"] == VapidKey(key).public_key
