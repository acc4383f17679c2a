"""The names private to openai-chatkit, in the version they were read in."""

from importlib.metadata import version

from durable_chatkit.chatkit.private_api import SUPPORTED_VERSION


def test_the_installed_version_is_the_one_that_was_read() -> None:
    """If this fails: compare chatkit/server.py with private_api.py, then change the constant."""
    assert version("openai-chatkit") == SUPPORTED_VERSION
