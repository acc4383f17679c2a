"""The deployment that the tests' commands talk to."""

from collections.abc import Iterator

import pytest
from fake_deployment import FakeDeployment


@pytest.fixture
def deployment() -> Iterator[FakeDeployment]:
    """A deployment that plays scripts in place of runs."""
    deployment = FakeDeployment()
    yield deployment
    deployment.close()
