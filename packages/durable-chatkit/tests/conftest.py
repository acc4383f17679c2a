"""A migrated chat database and objects on top of it."""

from chat_fixtures import *  # noqa: F403
