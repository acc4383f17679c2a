"""One turn, from the browser's request to the task: its trace, log lines and metrics."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
import pytest_asyncio

from operations_kit import SERVICES, Samples, growth, log_lines, read_metrics
from stack_kit import Stack
from todochat.testing import wait_until
from todochat.testing.model_server import Call, ErrorFrame, Say, ScriptedModelServer
from todochat.testing.otlp import SpanCollector, TracedSpan
from todochat.testing.person import ChatResponse, Person, message

pytestmark = pytest.mark.slow  # a separate stack

# Words that must not occur in a log line or a span.
ASKED, TITLE, SAID, TROUBLE = "quokkas", "wombats", "numbats", "bilbies"
OF_A_TURN = ("chat-gateway", "todo-agent-api", "todo-agent-worker", "tasks")
CHAT = "POST /api/{user_id}/chat"
TASKS = "POST /api/{user_id}/tasks"

# Each span of the turn, and its parent.
TREE = {
    ("edge", "edge"): ("browser", "browser"),
    ("chat-gateway", CHAT): ("edge", "edge"),
    ("chat-gateway", "POST todo-agent"): ("chat-gateway", CHAT),
    ("todo-agent-api", "POST /internal/chatkit"): ("chat-gateway", "POST todo-agent"),
    ("todo-agent-api", "accept"): ("todo-agent-api", "POST /internal/chatkit"),
    ("todo-agent-api", "postgres chat"): ("todo-agent-api", "accept"),
    ("todo-agent-worker", "queue"): ("todo-agent-api", "accept"),
    ("todo-agent-worker", "run"): ("todo-agent-api", "accept"),
    ("todo-agent-worker", "model scripted"): ("todo-agent-worker", "run"),
    ("todo-agent-worker", "tool add_task"): ("todo-agent-worker", "run"),
    ("todo-agent-worker", "postgres chat"): ("todo-agent-worker", "run"),
    ("todo-agent-worker", "POST tasks"): ("todo-agent-worker", "tool add_task"),
    ("tasks", TASKS): ("todo-agent-worker", "POST tasks"),
    ("tasks", "postgres tasks"): ("tasks", TASKS),
}


class Turn:
    """A completed turn with its observations."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.trace_id = secrets.token_hex(16)
        self.browser_span = secrets.token_hex(8)
        self.before: Samples = {}
        self.after: Samples = {}
        self.spans: list[TracedSpan] = []
        self.answer: ChatResponse

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.browser_span}-01"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def turn(
    watched_stack: Stack, watched_model: ScriptedModelServer, collector: SpanCollector
) -> Turn:
    """A user requests a task, observed from before the request until nothing changes."""
    async with httpx.AsyncClient(base_url=watched_stack.edge, timeout=30) as client:
        turn = Turn(await Person.sign_up(client))
        watched_model.answer(Call("add_task", {"title": TITLE}))
        watched_model.answer(Say(SAID))
        turn.before = await read_metrics(watched_stack)
        headers = {"traceparent": turn.traceparent}
        async with turn.person.stream(message(f"see {ASKED}"), headers=headers) as stream:
            events = await stream.rest()
        turn.answer = ChatResponse(stream.response.headers, events, stream.ended)

    async def has_settled() -> bool:
        turn.after = await read_metrics(watched_stack)
        turn.spans = collector.of(turn.trace_id)
        names = {(span.service, span.name) for span in turn.spans}
        is_idle = growth(turn.before, turn.after, "todo-agent-worker", "todochat_runs_total",
                         status="completed") > 0  # fmt: skip
        return is_idle and names >= TREE.keys()

    await wait_until(has_settled, 30, interval_s=0.5)
    return turn


def test_turn_is_one_trace_with_every_span_under_its_parent(turn: Turn) -> None:
    by_id = {span.span_id: (span.service, span.name) for span in turn.spans}
    by_id[turn.browser_span] = ("browser", "browser")

    tree = {
        (span.service, span.name, by_id.get(span.parent_id))
        for span in turn.spans
        if not span.name.startswith("GET ")
    }

    assert turn.answer.ended == "completed"
    assert {(service, name, parent) for (service, name), parent in TREE.items()} <= tree
    assert {parent for *_, parent in tree if parent is None} == set()
    assert not [span for span in turn.spans if span.has_failed]
    assert all(span.began_s <= span.ended_s for span in turn.spans)


def test_spans_record_usage_and_start_times(turn: Turn) -> None:
    models = [span for span in turn.spans if span.name == "model scripted"]
    (run,) = [span for span in turn.spans if span.name == "run"]
    (relayed,) = [span for span in turn.spans if span.name == CHAT]

    assert [span.attributes["gen_ai.usage.output_tokens"] for span in models] == [40, 40]
    assert ["first token" in span.events for span in models] == [True, True]
    assert run.attributes == {"todochat.run_id": turn.answer.run_id, "todochat.attempt": 1}
    assert "first frame" in relayed.events
    assert relayed.attributes["http.response.status_code"] == 200


@pytest.mark.parametrize("service", OF_A_TURN)
def test_log_lines_have_run_thread_trace_and_hashed_user(
    turn: Turn, watched_stack: Stack, service: str
) -> None:
    lines = [
        line for line in log_lines(watched_stack, service) if line.get("trace_id") == turn.trace_id
    ]

    assert lines
    of_the_run = [line for line in lines if line.get("run_id") == turn.answer.run_id]
    assert of_the_run
    if service != "tasks":  # which has no chats
        assert {line["thread_id"] for line in of_the_run} == {turn.answer.thread_id}
    users = {line["user"] for line in of_the_run}
    assert users == {line["user"] for line in _of_worker(turn, watched_stack)}
    assert all(line["service"] == service and line["timestamp"] for line in lines)


def _of_worker(turn: Turn, stack: Stack) -> Iterator[dict[str, str]]:
    for line in log_lines(stack, "todo-agent-worker"):
        if line.get("event") == "run.ended" and line["run_id"] == turn.answer.run_id:
            yield line


MOVED_BY_ONE = [
    ("chat-gateway", "todochat_http_requests_total",
     {"service": "chat-gateway", "method": "POST", "route": "/api/{user_id}/chat",
      "status": "200"}),
    ("chat-gateway", "todochat_first_frame_seconds_count", {"request": "turn"}),
    ("chat-gateway", "todochat_streams_ended_total", {"cause": "run-ended"}),
    ("todo-agent-api", "todochat_chatkit_requests_total",
     {"type": "threads.create", "outcome": "accepted"}),
    ("todo-agent-api", "todochat_run_accept_seconds_count", {}),
    ("todo-agent-worker", "todochat_runs_total", {"status": "completed"}),
    ("todo-agent-worker", "todochat_run_attempts_total", {"outcome": "ended"}),
    ("todo-agent-worker", "todochat_run_seconds_count", {}),
    ("todo-agent-worker", "todochat_run_wait_seconds_count", {}),
    ("todo-agent-worker", "todochat_tool_calls_total", {"tool": "add_task", "outcome": "ok"}),
    ("todo-agent-worker", "todochat_tool_call_seconds_count", {"tool": "add_task"}),
    ("tasks", "todochat_task_changes_total", {"actor": "agent"}),
    ("tasks", "todochat_http_requests_total",
     {"service": "tasks", "method": "POST", "route": "/api/{user_id}/tasks", "status": "201"}),
]  # fmt: skip


@pytest.mark.parametrize(("process", "name", "labels"), MOVED_BY_ONE)
def test_metric_grows_by_exactly_one(
    turn: Turn, process: str, name: str, labels: dict[str, str]
) -> None:
    assert growth(turn.before, turn.after, process, name, **labels) == 1


def test_model_calls_tokens_and_frames_are_counted(turn: Turn) -> None:
    worker, gateway = "todo-agent-worker", "chat-gateway"

    def moved(process: str, name: str, **labels: str) -> float:
        return growth(turn.before, turn.after, process, name, **labels)

    assert moved(worker, "todochat_model_call_seconds_count", model="scripted", outcome="ok") == 2
    assert moved(worker, "todochat_model_first_token_seconds_count", model="scripted") == 2
    tokens = {
        kind: moved(worker, "todochat_model_tokens_total", model="scripted", kind=kind)
        for kind in ("input", "cached", "output")
    }
    assert tokens == {"input": 120, "cached": 40, "output": 80}
    # The viewer's frames, and the end marker, which is not one of the run's.
    assert moved(gateway, "todochat_relayed_frames_total") == len(turn.answer.events)
    assert moved(worker, "todochat_takeovers_total") == 0


def test_gauges_show_the_stores_state(turn: Turn) -> None:
    api = turn.after["todo-agent-api"]
    none: frozenset[tuple[str, str]] = frozenset()

    assert api["todochat_queued_runs", none] == 0
    assert api["todochat_oldest_queued_run_seconds", none] == 0
    assert 0 <= api["todochat_budget_spent_ratio", frozenset({("unit", "tokens")})] < 1
    assert turn.after["auth-session"]["todochat_pending_erasures", none] == 0
    for process, database in (
        ("auth-session", "auth"),
        ("tasks", "tasks"),
        ("todo-agent-api", "chat"),
    ):
        size = turn.after[process]["todochat_database_bytes", frozenset({("database", database)})]
        assert size > 1_000_000
    assert turn.after["chat-gateway"]["todochat_redis_memory_bytes", frozenset({("kind", "used")})]
    for process, store in (("tasks", "postgres"), ("chat-gateway", "redis")):
        assert turn.after[process]["todochat_store_up", frozenset({("store", store)})] == 1


async def test_logs_and_spans_contain_no_user_text_address_or_id(
    turn: Turn, watched_stack: Stack, watched_model: ScriptedModelServer, collector: SpanCollector
) -> None:
    """Also when the model fails and its error quotes the request."""
    watched_model.answer(ErrorFrame(f"no {TROUBLE} for {ASKED}"))
    async with httpx.AsyncClient(base_url=watched_stack.edge, timeout=30) as client:
        turn.person.client = client
        failed = await turn.person.ask(f"more {ASKED}")
        await client.post("/api/auth/sign-in", json={"email": turn.person.email, "password": "no"})
        await client.get(f"/api/{turn.person.user_id}/tasks")
        deleted = await turn.person.api("DELETE", "/tasks/tsk_0")

    lines = {name: (watched_stack.data_dir / "logs" / f"{name}.log").read_text()
             for name in (*SERVICES, "caddy")}  # fmt: skip
    words = (ASKED, TITLE, SAID, TROUBLE, turn.person.email)
    found = {(name, word) for name, text in lines.items() for word in words if word in text}
    named = {name for name in SERVICES if turn.person.user_id in lines[name]}

    assert (failed.ended, deleted.status_code) == ("failed", 404)
    assert "run.model_failed" in lines["todo-agent-worker"]
    assert found == set()
    assert named == set()
    assert not [word for word in words if word.encode() in collector.raw]
    spans = [span for span in collector.spans if span.service != "edge"]
    assert not [span for span in spans if turn.person.user_id in f"{span.name}{span.attributes}"]


NO_TRACEPARENTS = [
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    "quokka",
]


@pytest.mark.parametrize("traceparent", NO_TRACEPARENTS)
async def test_invalid_trace_context_starts_a_new_trace(
    watched_stack: Stack, collector: SpanCollector, traceparent: str
) -> None:
    """At a service itself, as without a tracing edge in front."""
    request_id = f"req-{secrets.token_hex(8)}"
    headers = {"traceparent": traceparent, "x-request-id": request_id}
    (url,) = watched_stack.urls("chat-gateway")

    async with httpx.AsyncClient() as client:
        response = await client.get(f"{url}/api/u/chat/runs", headers=headers)

    assert response.status_code == 401

    def of_request() -> list[TracedSpan]:
        return [
            span
            for span in collector.spans
            if span.attributes.get("todochat.request_id") == request_id
        ]

    (span,) = await wait_until(of_request, 15, interval_s=0.1)
    assert span.parent_id == ""
    assert span.trace_id.lower() != "0af7651916cd43dd8448eb211c80319c"
