"""A migrated chat database, from the tests of durable-chatkit."""

from chat_fixtures import *  # noqa: F403
