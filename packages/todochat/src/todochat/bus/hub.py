"""The gateway's side of the bus: many viewers of many runs on one Pub/Sub connection."""

from collections.abc import AsyncGenerator, Callable

from redis.exceptions import RedisError

from todochat.bus.errors import BusUnavailableError
from todochat.bus.keys import live_channel
from todochat.bus.limits import DEFAULT_LIMITS, BusLimits
from todochat.bus.redis_client import RedisClient
from todochat.bus.run_log import RunLog, RunMeta
from todochat.bus.subscriber import CallbackListener, Subscriber
from todochat.bus.watch import LiveChannel, ViewerQueue, Watch, WatchEvent


class RunHub:
    """Relays runs to viewers; one per process."""

    def __init__(self, redis: RedisClient, limits: BusLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._log = RunLog(redis, limits.call_timeout_s)
        self._subscriber = Subscriber(redis)
        self._channels: dict[bytes, LiveChannel] = {}

    async def start(self) -> None:
        """Connect in the background; while Redis is down it keeps retrying."""
        await self._subscriber.start()

    async def aclose(self) -> None:
        """Close both connections; open watches then fail."""
        await self._subscriber.aclose()
        await self._log.aclose()

    @property
    def viewers(self) -> int:
        """Number of open watches."""
        return sum(len(channel.viewers) for channel in self._channels.values())

    async def meta(self, run_id: str) -> RunMeta | None:
        """Return a run's meta, or None if Redis has none (yet, or any more).

        Raises:
            BusUnavailableError: Redis is unreachable.
        """
        try:
            return (await self._log.state(run_id)).meta
        except RedisError as error:
            raise BusUnavailableError("The run can't be looked up right now.") from error

    async def watch(
        self, run_id: str, after: int = 0, *, active: bool = False
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield a run's events after `seq` `after`, in order, each once, up to its end.

        `seq` only grows, and jumps only with a `Snapshot`. Close the generator when its viewer
        disconnects (`contextlib.aclosing`), so that the hub drops its state.

        Args:
            after: the last `seq` the viewer has; 0 replays from the start. Beyond the log's end,
                nothing is yielded until `seq` has passed it, or the run ends.
            active: the run is known (from the api) to be accepted and not ended. Missing
                keys are then waited for, at most `lost_log_s`, instead of refused at once.

        Raises:
            RunLogExpiredError: Redis has nothing of the run any more.
            BusUnavailableError: Redis is unreachable: for `attach_timeout_s` at the start, or for
                `outage_s` later.
            ValueError: `after` is negative.
        """
        if after < 0:
            msg = "a cursor is never negative"
            raise ValueError(msg)
        name, queue = live_channel(run_id), ViewerQueue(self._limits)
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = LiveChannel()
            self._subscriber.add(name, channel)
        channel.viewers.add(queue)
        try:
            watch = Watch(
                run_id,
                after,
                active=active,
                log=self._log,
                channel=channel,
                queue=queue,
                limits=self._limits,
            )
            while not watch.ended:
                for event in await watch.next_events():
                    yield event
        finally:
            queue.close()
            channel.viewers.discard(queue)
            if not channel.viewers:
                del self._channels[name]
                self._subscriber.remove(name)

    def listen(self, channel: str, callback: Callable[[bytes], None]) -> None:
        """Call `callback` with each message of a channel, over the hub's connection.

        Messages published while the connection is broken are missed.
        """
        self._subscriber.add(channel.encode(), CallbackListener(callback))
