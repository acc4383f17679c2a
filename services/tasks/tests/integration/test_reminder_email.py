"""Reminders by e-mail: only to a confirmed address, once, and without foreign headers."""

import asyncio
import datetime as dt
import re
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from mail_kit import Contacts, MailServer
from tasks_kit import Connection, MakeSettings, Person, Service, StartService, start_process

from tasks_service.domain.delivery import LEASE
from todochat.clock import utc_now
from todochat.identity.service_tokens import Arrow, ServiceTokens
from todochat.identity.tokens import SigningKey
from todochat.settings import SettingsError

Document = dict[str, Any]
HOUR = dt.timedelta(hours=1)
PATH = "reminders/email"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mail() -> AsyncIterator[MailServer]:
    mail = MailServer()
    mail.start()
    yield mail
    mail.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def contacts(make_settings: MakeSettings) -> AsyncIterator[Contacts]:
    contacts = Contacts(ServiceTokens.from_settings(make_settings(), Arrow.TASKS_TO_AUTH))
    await contacts.server.start_server()
    yield contacts
    await contacts.server.close()


@pytest.fixture(scope="module")
def mail_settings(mail: MailServer, contacts: Contacts) -> dict[str, str]:
    """Settings of a service that sends reminders by e-mail."""
    return {
        "smtp_url": mail.url,
        "smtp_from": "Todochat <reminders@todo.example>",
        "auth_session_url": contacts.url,
        "public_url": "https://todo.example",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    make_settings: MakeSettings, signing_key: SigningKey, mail_settings: dict[str, str]
) -> AsyncIterator[Service]:
    """A service without the periodic jobs: tests fire and deliver reminders themselves."""
    service = Service(make_settings(reminders_poll_s=3600, **mail_settings), signing_key)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def address(ada: Person, contacts: Contacts) -> str:
    """Ada's address, which auth-session knows."""
    address = f"{ada.user_id.lower()}@example.com"
    contacts.known[ada.user_id] = {"email": address, "timezone": "Europe/Berlin"}
    return address


async def request_code(person: Person, mail: MailServer, address: str) -> str:
    response = await person.patch(PATH, {"on": True})
    assert response.status_code == 200, response.text
    assert (response.json()["on"], response.json()["awaits_code"]) == (False, True)
    found = re.search(r"\d{8}", mail.messages(address)[-1]["Subject"])
    assert found is not None
    return found[0]


@pytest_asyncio.fixture(loop_scope="module")
async def confirmed(service: Service, ada: Person, mail: MailServer, address: str) -> str:
    """Ada's address, which she has confirmed: it gets her reminders."""
    code = await request_code(ada, mail, address)
    response = await ada.post(f"{PATH}/confirm", {"code": code})
    assert response.json()["on"] is True, response.text
    mail.received.clear()
    return address


async def remind(
    service: Service,
    owner: Connection,
    person: Person,
    title: str = "Call mom",
    *,
    ago: dt.timedelta = dt.timedelta(seconds=5),
    **fields: object,
) -> Document:
    """Create a task whose reminder fires now."""
    at = (utc_now() + HOUR).isoformat()
    task = await person.make_task(title, reminders=[{"at": at}], **fields)
    await owner.execute(
        "UPDATE reminders SET fires_at = $2 WHERE user_id = $1 AND fires_at IS NOT NULL",
        person.user_id,
        utc_now() - ago,
    )
    await service.app.state.services.reminders.fire_due()
    return task


async def deliver(*services: Service) -> None:
    deliveries = [service.app.state.services.deliveries for service in services]
    await asyncio.gather(*(each.start_due() for each in deliveries))
    await asyncio.gather(*(each.wait(30) for each in deliveries))


async def make_due(owner: Connection, person: Person) -> None:
    await owner.execute(
        "UPDATE reminder_deliveries SET next_at = $2 WHERE user_id = $1",
        person.user_id,
        utc_now() - dt.timedelta(seconds=1),
    )


async def waiting(owner: Connection, person: Person) -> int:
    count: int = await owner.fetchval(
        "SELECT count(*) FROM reminder_deliveries WHERE user_id = $1", person.user_id
    )
    return count


async def test_reminder_arrives_at_the_confirmed_address(
    service: Service, mail: MailServer, ada: Person, owner: Connection, confirmed: str
) -> None:
    due = {"at": "2999-07-01T15:00:00Z", "timezone": "Europe/Berlin"}
    task = await remind(service, owner, ada, "Call <mom> & dad", due=due)

    await deliver(service)
    await deliver(service)

    [(sender, recipients, message)] = mail.received
    assert (sender, recipients) == ("reminders@todo.example", [confirmed])
    assert message["Subject"] == "Reminder: Call <mom> & dad"
    assert message["From"] == "Todochat <reminders@todo.example>"
    assert message["List-Unsubscribe"] == "<https://todo.example/?settings=reminders>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@todo.example>")
    plain = message.get_body(("plain",))
    page = message.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "Due: Monday, 1 July 2999, 17:00 (Europe/Berlin)" in plain.get_content()
    assert f"https://todo.example/?task={task['id']}" in plain.get_content()
    assert "<h2>Call &lt;mom&gt; &amp; dad</h2>" in page.get_content()
    assert await waiting(owner, ada) == 0


async def test_nothing_is_sent_to_an_address_that_is_not_confirmed(
    service: Service, mail: MailServer, ada: Person, owner: Connection, address: str
) -> None:
    await request_code(ada, mail, address)
    mail.received.clear()
    await remind(service, owner, ada)

    await deliver(service)

    assert mail.messages(address) == []


async def test_code_is_valid_for_five_tries(
    mail: MailServer, service: Service, ada: Person, address: str
) -> None:
    code = await request_code(ada, mail, address)
    wrong = f"{(int(code) + 1) % 10**8:08}"

    statuses = [
        (await ada.post(f"{PATH}/confirm", {"code": each})).status_code
        for each in [wrong] * 5 + [code]
    ]

    assert statuses == [422] * 6


async def test_address_gets_at_most_three_codes_an_hour(
    service: Service, mail: MailServer, ada: Person, address: str
) -> None:
    for _ in range(3):
        await request_code(ada, mail, address)

    refused = await ada.patch(PATH, {"on": True})

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3000
    assert len(mail.messages(address)) == 3


async def test_changed_address_must_be_confirmed_again(
    service: Service,
    mail: MailServer,
    contacts: Contacts,
    ada: Person,
    owner: Connection,
    confirmed: str,
) -> None:
    contacts.known[ada.user_id]["email"] = f"other-{confirmed}"
    await remind(service, owner, ada)

    await deliver(service)

    assert mail.received == []
    assert (await ada.get(PATH)).json()["on"] is False


async def test_switched_off_reminders_are_not_sent(
    service: Service, mail: MailServer, ada: Person, owner: Connection, confirmed: str
) -> None:
    await remind(service, owner, ada, "planned before")
    off = await ada.patch(PATH, {"on": False})
    await remind(service, owner, ada, "planned after")

    await deliver(service)
    again = await ada.patch(PATH, {"on": True})

    assert (off.json()["on"], again.json()["on"]) == (False, True)  # still confirmed
    assert mail.received == []


@pytest.mark.parametrize("title", ["x\r\nBcc: eve@example.com", "x\u2028Bcc: eve@example.com"])
async def test_title_cannot_add_headers(
    service: Service, mail: MailServer, ada: Person, owner: Connection, confirmed: str, title: str
) -> None:
    await remind(service, owner, ada, title)

    await deliver(service)

    [(_, recipients, message)] = mail.received
    assert recipients == [confirmed]
    assert message["Bcc"] is None
    assert message["Subject"] == "Reminder: x Bcc: eve@example.com"


@pytest.mark.parametrize("address", ["a@example.com\r\nBcc: eve@example.com", "a@b, eve@c", ""])
async def test_malformed_address_gets_nothing(
    service: Service, mail: MailServer, contacts: Contacts, ada: Person, address: str
) -> None:
    mail.received.clear()
    contacts.known[ada.user_id] = {"email": address, "timezone": None}

    response = await ada.patch(PATH, {"on": True})

    assert response.status_code == 409
    assert response.json()["type"] == "urn:todochat:problem:email-unavailable"
    assert mail.received == []


@pytest.mark.parametrize(("answer", "messages"), [("451 try later", 2), ("550 no", 1)])
async def test_temporary_failure_is_retried_and_a_final_one_is_not(
    service: Service,
    mail: MailServer,
    ada: Person,
    owner: Connection,
    confirmed: str,
    answer: str,
    messages: int,
) -> None:
    await remind(service, owner, ada)
    mail.answers = [answer]

    for _ in range(3):
        await deliver(service)
        await make_due(owner, ada)

    sent = mail.messages(confirmed)
    assert len(sent) == messages
    assert len({message["Message-ID"] for message in sent}) == 1
    assert await waiting(owner, ada) == 0


async def test_services_that_deliver_at_the_same_time_send_once_and_late(
    service: Service,
    start_service: StartService,
    mail: MailServer,
    mail_settings: dict[str, str],
    ada: Person,
    owner: Connection,
    confirmed: str,
) -> None:
    other = await start_service(reminders_poll_s=3600, **mail_settings)
    await remind(service, owner, ada, ago=5 * HOUR)

    await deliver(*(service, other) * 3)

    [message] = mail.messages(confirmed)
    body = message.get_body(("plain",))
    assert body is not None
    assert "This reminder is late: it was for" in body.get_content()


async def test_process_killed_before_it_records_a_delivery_repeats_it_once(
    service: Service,
    make_settings: MakeSettings,
    mail: MailServer,
    mail_settings: dict[str, str],
    ada: Person,
    owner: Connection,
    confirmed: str,
) -> None:
    await remind(service, owner, ada)
    variables = {name.upper(): value for name, value in mail_settings.items()}
    process = await start_process(make_settings(), **variables)

    def kill_after_the_message() -> None:
        if mail.messages(confirmed):
            process.kill()  # it has handed the message over, and can't record that

    mail.on_message = kill_after_the_message
    async with asyncio.timeout(60):
        status = await process.wait()
    mail.on_message = None
    handed_over = len(mail.messages(confirmed))

    await deliver(service)
    during_lease = len(mail.messages(confirmed))
    next_at = await owner.fetchval(
        "SELECT next_at FROM reminder_deliveries WHERE user_id = $1", ada.user_id
    )
    await make_due(owner, ada)
    await deliver(service)
    await deliver(service)

    assert status == -signal.SIGKILL
    assert (handed_over, during_lease) == (1, 1)
    assert utc_now() < next_at < utc_now() + LEASE
    first, second = mail.messages(confirmed)
    assert first["Message-ID"] == second["Message-ID"]
    assert await waiting(owner, ada) == 0


async def test_user_without_an_address_gets_an_error(service: Service, ada: Person) -> None:
    state = (await ada.get(PATH)).json()
    refused = await ada.patch(PATH, {"on": True})

    assert state == {"available": False, "on": False, "address": None, "awaits_code": False}
    assert refused.status_code == 409


async def test_assistant_does_not_see_the_address(service: Service, ada: Person) -> None:
    assert (await service.agent(ada.user_id).get(PATH)).status_code == 403


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("smtp_url", "http://mail.example"),
        ("smtp_url", "smtp://"),
        ("smtp_url", "smtp://mail.example:x"),
        ("smtp_from", ""),
        ("smtp_from", "nobody"),
    ],
)
async def test_malformed_setting_stops_the_start(
    make_settings: MakeSettings, signing_key: SigningKey, setting: str, value: str
) -> None:
    settings = {"smtp_url": "smtp://mail.example", "smtp_from": "a@example.com", setting: value}
    service = Service(make_settings(**settings), signing_key)

    with pytest.RaisesGroup(SettingsError):
        async with service.app.lifespan():
            pytest.fail("it started")
