"""No request reads the tables of tasks from end to end, as the app role under its policies."""

import asyncio
from collections.abc import Iterator

import pytest
from scale_kit import fill, sequential_scans, used_indexes
from sqlalchemy.engine import make_url
from tasks_kit import MakeSettings, Service, migrated_database

from todochat.database.bootstrap import DatabaseUrls
from todochat.identity.tokens import SigningKey
from todochat.testing.servers import PostgresServer

PERSON = "usr_busy"
# Without these, a page would be sorted out of all tasks of a user, and tags counted.
INDEXES = {
    *("ix_tasks_open_priority", "ix_tasks_open_title", "ix_tasks_title", "ix_tasks_pinned"),
    *("ix_tasks_open_list", "pk_tag_counts", "ix_tasks_open_start", "ix_tasks_completed"),
    *("ix_tasks_live_due", "ix_tasks_live_start", "ix_tasks_live_priority", "ix_tasks_open_counts"),
}
REQUESTS = [
    "tasks",
    "tasks?status=all&sort=title",
    "tasks?status=all&sort=due",
    "tasks?status=all&sort=start&order=desc",
    "tasks?status=all&sort=priority",
    "tasks?filter=completed%20%3E%20yesterday%20%26%20tag%20%3D%20tag8",
    f"tasks?list_id={PERSON}_l3&limit=5",
    "tasks?sort=due",
    "tasks?sort=start",
    "tasks?tag=tag8",
    "tasks?sort=title",
    "tasks?sort=priority",
    "tasks?pinned_first=true",
    "tags",
    "tasks?due_from=2026-01-01&due_to=2026-12-31",
    "tasks?overdue=true",
    "tasks?q=sta",
    "tasks?q=bra+dell&status=all",
    "tasks?filter=due%20%3C%20tomorrow%20%26%20!list%20%3D%20%22List%203%22",
    "tasks?filter=completed%20%3E%20yesterday%20%7C%20priority%20%3D%20high",
    "tasks?filter=text%20contains%20dell%20%26%20has%20subtasks",
    "tasks/17",
    "views/today",
    "views/upcoming",
    "views/overdue",
    "views/no-date",
    "views/someday",
    "views/counts",
    "lists",
    "entities?q=dell",
]


@pytest.fixture(scope="module")
def large(postgres: PostgresServer) -> Iterator[tuple[DatabaseUrls, str]]:
    """A database with 8,000 tasks of one user among 40,000, and a superuser's URL of it."""
    urls = migrated_database(postgres)
    url = make_url(postgres.admin_url).set(database=make_url(urls.owner).database)
    admin_url = url.render_as_string(hide_password=False)
    people = {PERSON: 8_000, **{f"usr_{number}": 1_000 for number in range(32)}}
    asyncio.run(fill(admin_url, people, open_tasks=800))
    yield urls, admin_url
    asyncio.run(postgres.drop_database(urls))


async def test_no_request_scans_all_tasks(
    large: tuple[DatabaseUrls, str], make_settings: MakeSettings, signing_key: SigningKey
) -> None:
    urls, admin_url = large
    before = await sequential_scans(admin_url)

    settings = make_settings(database_url=urls.app, jobs_database_url=urls.jobs)
    service = Service(settings, signing_key)
    await service.start()
    agent = service.agent(PERSON)
    for request in REQUESTS:
        response = await agent.call("GET", request)
        assert response.status_code == 200, response.text
    made = await agent.make_task("another task")
    await agent.patch(f"tasks/{made['number']}", {"title": "a new title"})
    await agent.post(f"tasks/{made['number']}/complete")
    await service.stop()  # its connections write their statistics when they end

    assert await sequential_scans(admin_url) == before
    assert await used_indexes(admin_url) >= INDEXES
