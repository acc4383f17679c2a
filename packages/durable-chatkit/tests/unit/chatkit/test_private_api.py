"""Private names of openai-chatkit are used in the version they were written for."""

from importlib.metadata import version

from durable_chatkit.chatkit.private_api import SUPPORTED_VERSION


def test_installed_version_is_the_supported_version() -> None:
    """If this fails: compare chatkit/server.py with private_api.py, then change the constant."""
    assert version("openai-chatkit") == SUPPORTED_VERSION
