"""The gateway's side: any number of viewers of any number of runs on one Pub/Sub connection."""

from collections.abc import AsyncGenerator, Callable

from redis.exceptions import RedisError

from todochat.bus.errors import BusUnavailableError
from todochat.bus.keys import live_channel
from todochat.bus.limits import DEFAULT_LIMITS, BusLimits
from todochat.bus.redis_client import RedisClient
from todochat.bus.run_log import RunLog, RunMeta
from todochat.bus.subscriber import CallbackListener, Subscriber
from todochat.bus.viewer import LiveChannel, Viewer
from todochat.bus.watch import Watch, WatchEvent


class RunHub:
    """Relays runs to viewers. One for each process."""

    def __init__(self, redis: RedisClient, limits: BusLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._log = RunLog(redis, limits.call_timeout_s)
        self._subscriber = Subscriber(redis)
        self._channels: dict[bytes, LiveChannel] = {}

    async def start(self) -> None:
        """Connect in the background; a Redis that is down is waited for."""
        await self._subscriber.start()

    async def aclose(self) -> None:
        """Close both connections. Watches that are still open find Redis gone."""
        await self._subscriber.aclose()
        await self._log.aclose()

    @property
    def viewers(self) -> int:
        """Watches that are open."""
        return sum(len(channel.viewers) for channel in self._channels.values())

    async def meta(self, run_id: str) -> RunMeta | None:
        """Return whose run it is, or None if Redis doesn't know (any more, or yet).

        Raises:
            BusUnavailableError: Redis can't be reached.
        """
        try:
            return (await self._log.state(run_id)).meta
        except RedisError as error:
            raise BusUnavailableError("The run can't be looked up at the moment.") from error

    async def watch(
        self, run_id: str, after: int = 0, *, active: bool = False
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield a run's events after `seq` `after`, in order, each once, up to its end.

        `seq` only grows, and jumps only with a `Snapshot`. Close the generator when its viewer
        is gone (`contextlib.aclosing`); that leaves nothing behind in the hub.

        Args:
            after: the last `seq` the viewer has; 0 replays from the start. For one beyond the
                log's end, nothing comes until `seq` has passed it, or the run ends.
            active: the run is known (from the api) to be accepted and not ended. Keys that are
                missing are then waited for, `lost_log_s` at most, instead of refused at once.

        Raises:
            RunLogExpiredError: nothing is left of the run in Redis.
            BusUnavailableError: Redis is away: for `attach_timeout_s` at the start, or for
                `outage_s` later on.
            ValueError: `after` is negative.
        """
        if after < 0:
            msg = "a cursor is never negative"
            raise ValueError(msg)
        name, viewer = live_channel(run_id), Viewer(self._limits)
        channel = self._enter(name, viewer)
        try:
            watch = Watch(
                run_id,
                after,
                active=active,
                log=self._log,
                channel=channel,
                viewer=viewer,
                limits=self._limits,
            )
            while not watch.ended:
                for event in await watch.next_events():
                    yield event
        finally:
            self._leave(name, viewer)

    def listen(self, channel: str, callback: Callable[[bytes], None]) -> None:
        """Call `callback` with each message of a channel, over the hub's connection.

        Messages that are published while the connection is broken are missed.
        """
        self._subscriber.add(channel.encode(), CallbackListener(callback))

    def _enter(self, name: bytes, viewer: Viewer) -> LiveChannel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = LiveChannel()
            self._subscriber.add(name, channel)
        channel.viewers.add(viewer)
        return channel

    def _leave(self, name: bytes, viewer: Viewer) -> None:
        viewers = self._channels[name].viewers
        viewers.discard(viewer)
        if not viewers:
            del self._channels[name]
            self._subscriber.remove(name)
