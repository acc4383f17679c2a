"""One user's run logs stay within the quota."""

from worker_kit import Chat

from todochat.bus import register
from todochat.bus.keys import log_key, meta_key
from todochat.testing.model_server import Say, ScriptedModelServer

WORDS = "word " * 4_000  # 20 kB


async def test_newest_logs_within_the_quota_are_kept(
    chat: Chat, model: ScriptedModelServer
) -> None:
    await chat.start_worker(log_bytes_per_user=100_000)
    await register(chat.redis, "run_bob", user_id="usr_bob", thread_id="thr_bob")

    runs = []
    for _ in range(8):
        model.answer(Say(WORDS))
        runs.append(await chat.ask("flood"))

    sizes = [await chat.redis.memory_usage(log_key(run.run_id)) or 0 for run in runs]
    assert sizes[0] == 0
    assert sizes[-1] > 0
    assert sum(sizes) < 150_000
    assert not await chat.redis.exists(meta_key(runs[0].run_id))  # late viewers get 410
    assert await chat.redis.exists(meta_key("run_bob"))
    assert (await chat.texts(runs[0]))[-1] == WORDS
