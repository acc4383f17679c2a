"""Dependency injection of a process's services into its handlers."""

from collections.abc import Mapping
from typing import Any

from litestar.datastructures import State
from litestar.di import Provide


def provide_services(services_type: type) -> Mapping[str, Provide]:
    """Return the dependency `services`, which injects `app.state.services`.

    Args:
        services_type: the service's own struct, with one field per service object. Handlers
            annotate their parameter with it, so mypy checks each use.
    """

    def provide(state: State) -> Any:
        return state.services

    provide.__annotations__["return"] = services_type
    return {"services": Provide(provide, sync_to_thread=False)}
