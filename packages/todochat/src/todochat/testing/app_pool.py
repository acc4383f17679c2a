"""A pool of idle apps, for tests that start a service in their own process."""

from collections.abc import Callable

from litestar import Litestar

from todochat.http.app import process_state
from todochat.settings import ServiceSettings


class AppPool:
    """Idle apps by settings: building an app's routes takes longer than most tests.

    An app opens its resources in its lifespan, which runs once per `take`.
    """

    def __init__(self) -> None:
        self._idle: dict[ServiceSettings, list[Litestar]] = {}

    def take(self, settings: ServiceSettings, build: Callable[[], Litestar]) -> Litestar:
        """Return an idle app with these settings, as after its creation, or build one."""
        idle = self._idle.get(settings)
        if not idle:
            return build()
        app = idle.pop()
        app.state.update(process_state())
        return app

    def give_back(self, app: Litestar) -> None:
        """Keep an app whose lifespan has ended."""
        self._idle.setdefault(app.state.settings, []).append(app)
