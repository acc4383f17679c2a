"""Measures how smoothly a page draws while a response streams into it.

A whole stack streams 100 tokens a second into a thread of 500 items, all of them in the page, with
auto-scroll on. There are two peers in the same run: a bare page that appends the same words
to an equally tall scroller, which is the machine's upper bound, and the same response in an empty
thread. The measurements are the time between animation frames, as seen by the page, and the CPU
time of the page's main thread, which is comparable between machines under load. Where there is no
GPU, the processor draws as well.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import Browser, CDPSession, Page, async_playwright, expect

from browser.browser_kit import REFRESH_COOKIE, TIMEOUT_MS, Chat
from browser.chromium_kit import ensure_browser
from browser.element_kit import build_pages, page_variables
from stack_kit import Stack, run_stack
from todochat.testing.model_server import Call, Gate, Say, ScriptedModelServer
from todochat.testing.person import Person

ITEMS: Final = int(os.environ.get("ITEMS", "500"))
TOKENS: Final = int(os.environ.get("TOKENS", "1000"))
RATE: Final = 100  # tokens a second
FRAME_MS: Final = 1000 / 60
LONG_MS: Final = 50.0  # browsers report a long task from here on
ANSWER_TIMEOUT_MS: Final = 180_000
PARAGRAPH: Final = (
    "A plan that keeps the **mornings free** needs a list, a `date` and [some care](https://example.org). ",
    "It has a few words more, so that lines break and blocks grow as they do in real answers.\n\n",
)
TABLE: Final = "\n| Day | Focus | Tasks |\n| --- | --- | ---: |\n| Monday | Launch | 4 |\n| Tuesday | Talks | 2 |\n\n"
CODE: Final = "\n```python\ndef due(tasks: list[Task]) -> list[Task]:\n    return [t for t in tasks if t.due]\n```\n\n"
# Neither markdown nor an element: text at the end of a scroller that is as tall as the thread.
BARE_PAGE: Final = """async ({ height, question }) => {
  const post = async (path, headers, body) => fetch(path, { method: "POST", headers, body });
  const json = async (path, headers) => (await post(path, headers)).json();
  const { access_token: login, user } = await json("/api/auth/refresh", {});
  const { client_secret: secret } = await json("/api/chatkit/session", {
    Authorization: `Bearer ${login}`,
  });
  const scroller = document.createElement("div");
  Object.assign(scroller.style, { height: "700px", width: "760px", overflow: "auto" });
  document.body.replaceChildren(scroller);
  while (scroller.scrollHeight < height) {
    scroller.append(Object.assign(document.createElement("p"), { textContent: question }));
  }
  const end = document.createElement("p");
  scroller.append(end);
  const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
  const input = { content: [{ type: "input_text", text: question }], attachments: [] };
  const body = JSON.stringify({
    type: "threads.create",
    params: { input: { ...input, inference_options: {} } },
  });
  const answer = await post(`/api/${user.id}/chat`, headers, body);
  const read = async () => {
    let rest = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\\n");
      rest = lines.pop();
      for (const line of lines) {
        const delta = line.startsWith("data: {") && JSON.parse(line.slice(6)).update?.delta;
        if (delta) end.append(delta);
      }
      scroller.scrollTop = scroller.scrollHeight;
    }
  };
  window.reading = read();
  return scroller.scrollHeight;
}"""
# A locator looks at every element of the page on each poll: in a long thread that is more work
# than the thread's own.
HAS_MORE_ANSWERS: Final = """(count) => {
  const root = document.querySelector("openai-chatkit").shadowRoot;
  return root.querySelectorAll("[part~=assistant-message]").length > count;
}"""
ANSWER_OVER: Final = """() => new Promise((resolve) => {
  const root = document.querySelector("openai-chatkit").shadowRoot;
  const thread = root.querySelector("[part~=thread]");
  const look = () => thread.getAttribute("aria-busy") === "false" && resolve();
  new MutationObserver(look).observe(thread, { attributeFilter: ["aria-busy"] });
  look();
})"""
COUNT_FRAMES: Final = """() => {
  const times = [];
  const loop = (time) => { times.push(time); window.framing = requestAnimationFrame(loop); };
  window.framing = requestAnimationFrame(loop);
  window.frameTimes = times;
}"""


class Pace(Gate):
    """A gate in a response that opens at its scheduled time."""

    _due = 0.0

    async def pass_through(self) -> None:
        now = asyncio.get_running_loop().time()
        # After a pause, such as before the first token, the clock restarts.
        Pace._due = max(Pace._due + 1 / RATE, now - 0.5)
        await asyncio.sleep(max(0.0, Pace._due - now))


def paced_answer() -> Say:
    """Build a response with paragraphs, tables and code, a word at a time."""
    text = "".join(
        (PARAGRAPH[0] + PARAGRAPH[1]) * 3 + (TABLE if n % 2 else CODE) for n in range(99)
    )
    words = [word + " " for word in text.split(" ")][:TOKENS]
    return Say(*(chunk for word in words for chunk in (Pace(), word)))


def history() -> list[dict[str, Any]]:
    """Return events that fill a thread with users' and assistants' messages."""
    events = []
    for number in range(ITEMS // 2):
        question = {
            "type": "user_message",
            "id": f"msg_{number}",
            "content": [{"type": "input_text", "text": f"Question number {number}"}],
            "attachments": [],
            "inference_options": {},
        }
        rest = CODE if number % 7 == 0 else TABLE if number % 5 == 0 else ""
        text = f"Answer number {number}. {PARAGRAPH[0]}{rest}"
        part = {"type": "output_text", "text": text, "annotations": []}
        answer = {"type": "assistant_message", "id": f"ans_{number}", "content": [part]}
        events += [{"type": "thread.item.done", "item": item} for item in (question, answer)]
    return events


async def fill(person: Person, model: ScriptedModelServer) -> None:
    """Create a thread with that many items."""
    events = history()
    thread_id = None
    for start in range(0, len(events), 100):
        model.answer(Call("emit", {"events": events[start : start + 100]}))
        model.answer(Say("Done."))
        thread_id = (await person.ask("fill the thread", thread_id)).thread_id


async def show_all(chat: Chat) -> int:
    """Load older items until none are left; return the number of items in the page."""
    # Pressed repeatedly: a press is a no-op while older items are loading.
    await chat.page.wait_for_function(
        """() => {
          const root = document.querySelector("openai-chatkit").shadowRoot;
          const button = root.querySelector("[part~=thread] .older button");
          button?.click();
          return button === null;
        }""",
        polling=100,
        timeout=ANSWER_TIMEOUT_MS,
    )
    return await chat.thread.locator("article").count()


async def stream(page: Page, chat: Chat, model: ScriptedModelServer) -> list[float]:
    """Stream a response; return the milliseconds between frames."""
    count = await chat.answers.count()
    model.answer(paced_answer())
    await chat.send("write a long answer")
    await page.wait_for_function(HAS_MORE_ANSWERS, arg=count, timeout=ANSWER_TIMEOUT_MS)
    return await watch(page, lambda: page.evaluate(ANSWER_OVER))


async def stream_bare(page: Page, model: ScriptedModelServer, height: int) -> list[float]:
    """Stream the same response into a bare page of equal height."""
    model.answer(paced_answer())
    await page.evaluate(BARE_PAGE, {"height": height, "question": PARAGRAPH[0]})
    await page.wait_for_function("() => document.querySelector('p:last-child').textContent")
    return await watch(page, lambda: page.evaluate("() => window.reading"))


async def watch(page: Page, until: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the milliseconds between frames until a condition holds."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await main_thread(session)
    await page.evaluate(COUNT_FRAMES)
    await until()
    times: list[float] = await page.evaluate(
        "() => { cancelAnimationFrame(window.framing); return window.frameTimes; }"
    )
    work = {name: spent - before[name] for name, spent in (await main_thread(session)).items()}
    await session.detach()
    print("  ".join(f"{name} {1000 * spent / TOKENS:.2f} ms/token" for name, spent in work.items()))
    return [after - earlier for earlier, after in pairwise(times)]


async def main_thread(session: CDPSession) -> dict[str, float]:
    """Return the CPU seconds of the page's main thread, by kind."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    spent = {each["name"]: each["value"] for each in metrics}
    return {name: spent[f"{name}Duration"] for name in ("Task", "Script", "Layout", "RecalcStyle")}


def report(name: str, intervals: Sequence[float]) -> float:
    """Print the intervals' figures and return the frames a second."""
    rate = 1000 * len(intervals) / sum(intervals)
    cuts = statistics.quantiles(intervals, n=100, method="inclusive")
    long = sum(each > LONG_MS for each in intervals)
    late = sum(each > 1.5 * FRAME_MS for each in intervals)
    print(
        f"{name:<26} {rate:5.1f} frames/s  p50 {cuts[49]:5.1f} ms  p95 {cuts[94]:5.1f} ms  "
        f"p99 {cuts[98]:5.1f} ms  max {max(intervals):6.1f} ms  late {late}/{len(intervals)}  "
        f"over {LONG_MS:.0f} ms: {long}",
        flush=True,
    )
    return rate


async def open_page(browser: Browser, stack: Stack, person: Person) -> tuple[Page, Chat]:
    context = await browser.new_context(
        base_url=stack.edge, viewport={"width": 1280, "height": 800}
    )
    cookie = person.client.cookies[REFRESH_COOKIE]
    url = f"{stack.edge}/api/auth/refresh"
    await context.add_cookies([{"name": REFRESH_COOKIE, "value": cookie, "url": url}])
    page = await context.new_page()
    await page.goto("/pages/vanilla.html")
    chat = Chat(page)
    await chat.composer.wait_for()
    return page, chat


async def measure(stack: Stack, model: ScriptedModelServer) -> None:
    async with (
        httpx.AsyncClient(base_url=stack.edge, timeout=120) as client,
        async_playwright() as playwright,
    ):
        path = ensure_browser(os.environ, playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=path)
        person = await Person.sign_up(client)
        await fill(person, model)
        page, chat = await open_page(browser, stack, person)
        empty = report("empty thread (peer)", await stream(page, chat, model))
        await chat.button("Chat history").click()
        rows = chat.host.get_by_role("dialog", name="Chat history").get_by_role("listitem")
        await rows.last.get_by_role("button").first.click()
        await chat.answers.last.wait_for()
        count = await show_all(chat)
        await chat.thread.evaluate("(thread) => { thread.scrollTop = thread.scrollHeight; }")
        height = await chat.thread.evaluate("(thread) => thread.scrollHeight")
        full = report(f"thread of {count} items", await stream(page, chat, model))
        bare = report("bare page (peer)", await stream_bare(page, model, height))
        print(f"{'long against empty':<26} {full / empty:5.2f} x")
        print(f"{'long against a bare page':<26} {full / bare:5.2f} x")
        await browser.close()


async def measure_with_model(site: Path) -> None:
    expect.set_options(timeout=TIMEOUT_MS)
    async with ScriptedModelServer() as model:
        stacks = run_stack("frames", page_variables(model, site))
        stack = await asyncio.to_thread(next, stacks)
        try:
            await measure(stack, model)
        finally:
            await asyncio.to_thread(list, stacks)  # to its end, which stops it


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="todochat-frames-") as folder:
        build_pages(Path(folder))
        asyncio.run(measure_with_model(Path(folder)))


if __name__ == "__main__":
    main()
