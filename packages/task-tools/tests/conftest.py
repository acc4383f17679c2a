"""Fixtures of the tools' tests: the real tasks service, and a user who calls tools."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from host_kit import ToolUser
from tasks_kit import Service, migrated_database, open_service

from task_tools.tasks_client import TasksClient
from todochat.database.bootstrap import DatabaseUrls
from todochat.http.client import ServiceClient
from todochat.identity.service_tokens import Arrow
from todochat.testing.servers import PostgresServer


@pytest.fixture(scope="session")
def tasks_urls(postgres: PostgresServer) -> DatabaseUrls:
    """A migrated database."""
    return migrated_database(postgres)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tasks_urls: DatabaseUrls, redis_url: str) -> AsyncIterator[Service]:
    """The tasks service in this process."""
    async with open_service(tasks_urls, redis_url) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="module")
async def user(service: Service) -> AsyncIterator[ToolUser]:
    """A new user of the tools."""
    async with aiohttp.ClientSession() as session:
        http = ServiceClient(
            service.url, session, service.service_tokens, Arrow.AGENT_TO_TASKS, timeout_s=30
        )
        yield ToolUser(TasksClient(http, budget_s=5), service.person())
