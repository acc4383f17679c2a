"""Fixtures for every test of the workspace, and the grouping of tests by worker."""

import gc
from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

pytest_plugins = ["todochat.testing.plugin", "migrated_data"]

# Imports and items of 9,000 tests are objects that stay, and the usual thresholds of the garbage
# collector would visit them again and again.
gc.set_threshold(20_000, 20, 100)

# Folders whose files share stacks that take longer to start than most tests to run.
OF_ONE_WORKER: Final = ("tests/browser/", "tests/contract/", "tests/integration/")


class FolderScheduling(LoadFileScheduling):  # type: ignore[misc]
    """Assigns each file to one of xdist's workers, and some folders as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        for folder in OF_ONE_WORKER:
            if nodeid.startswith(folder):
                return folder
        return str(super()._split_scope(nodeid))


def pytest_collection_finish() -> None:
    """Exempt modules and test items from the collections during the tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FolderScheduling | None:
    """Schedule by folder under `--dist loadfile` only."""
    if config.getoption("dist") != "loadfile":
        return None
    return FolderScheduling(config, log)
