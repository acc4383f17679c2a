"""One run's stream from the request to the end marker, over as many connections as it takes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import httpx

from todochat_local.chat.deployment import call, check, unreachable
from todochat_local.chat.error import ChatError, SignedOutError
from todochat_local.chat.frame import Frame, iter_frames
from todochat_local.chat.session import Session

MAX_TRIES: Final = 8  # in a row; a frame begins a new count
FIRST_PAUSE_S: Final = 0.2
MAX_PAUSE_S: Final = 5.0
PASSING: Final = frozenset({429, 502, 503, 504})
TASKS_SHOWN: Final = 100
BY_SERVER: Final = frozenset({"reconnect", "unauthorized"})


class ChatApi:
    """The chat routes of one deployment, for one person."""

    def __init__(self, client: httpx.Client, session: Session) -> None:
        self._client = client
        self._session = session

    @property
    def client(self) -> httpx.Client:
        """The connection to the deployment."""
        return self._client

    @property
    def path(self) -> str:
        """The person's chat."""
        return f"/api/{self._session.user_id}/chat"

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a ChatKit request whose answer isn't streamed."""
        answer: dict[str, Any] = self._call("POST", self.path, json=dict(request)).json()
        return answer

    def tasks(self) -> list[dict[str, Any]]:
        """Return the open tasks, those that are due first."""
        headers = {"Authorization": f"Bearer {self._session.login_token()}"}
        path = f"/api/{self._session.user_id}/tasks"
        params = {"status": "open", "sort": "due", "limit": TASKS_SHOWN}
        answer = call(self._client, "GET", path, headers=headers, params=params).json()
        items: list[dict[str, Any]] = answer["items"]
        return items

    def active_run(self, thread_id: str) -> str | None:
        """Return the run that is answering in a thread."""
        params = {"thread_id": thread_id, "status": "active"}
        items = self._call("GET", f"{self.path}/runs", params=params).json()["items"]
        return items[0]["run_id"] if items else None

    def cancel(self, run_id: str) -> None:
        """Stop a run."""
        self._call("POST", f"{self.path}/runs/{run_id}/cancel")

    def say(self, request: Mapping[str, Any]) -> "RunStream":
        """Send a ChatKit request whose answer is streamed; iterate to send it."""
        return RunStream(self, request=request)

    def attach(self, run_id: str) -> "RunStream":
        """Follow a run from its first frame."""
        return RunStream(self, run_id=run_id)

    @contextmanager
    def open(
        self, method: str, path: str, headers: Mapping[str, str], **options: Any
    ) -> Iterator[httpx.Response]:
        """Open a stream; a secret that is refused is replaced once."""
        sent = {**headers, **self._headers(fresh=False)}
        with self._client.stream(method, path, headers=sent, **options) as response:
            if response.status_code != 401:
                yield response
                return
        sent |= self._headers(fresh=True)
        with self._client.stream(method, path, headers=sent, **options) as response:
            yield response

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return call(self._client, method, path, headers=self._headers(fresh=False), **options)
        except SignedOutError:
            return call(self._client, method, path, headers=self._headers(fresh=True), **options)

    def _headers(self, *, fresh: bool) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._session.client_secret(fresh=fresh)}",
            "X-Timezone": self._session.timezone,
        }


class RunStream:
    """The frames of one run; reconnects by itself, never shows a frame twice."""

    def __init__(
        self,
        api: ChatApi,
        *,
        request: Mapping[str, Any] | None = None,
        run_id: str = "",
    ) -> None:
        self._api = api
        self._request = dict(request or {})
        self._key = str(uuid4())
        self.run_id = run_id
        self._last_id = 0
        self._tries = 0
        self._ended = False

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames to the end marker.

        Raises:
            ChatError: refused, or the connection can't be had again.
            RunLogGoneError: the run is over and its frames are gone.
        """
        while True:
            problem = "the server closed the stream"
            try:
                with self._open() as response:
                    retry_after_s = self._refused(response)
                    if retry_after_s is None:
                        yield from self._frames(response)
                        if self._ended or not self.run_id:
                            return
            except httpx.TransportError as error:
                problem, retry_after_s = str(unreachable(self._api.client, error)), None
            self._pause(problem, retry_after_s)

    @contextmanager
    def _open(self) -> Iterator[httpx.Response]:
        headers = {"X-Resumable": "1", "Accept": "text/event-stream"}
        if self.run_id:
            headers["Last-Event-ID"] = str(self._last_id)
            path = f"{self._api.path}/runs/{self.run_id}/events"
            with self._api.open("GET", path, headers=headers) as response:
                yield response
        else:
            # The key makes a repeated request the same run, should the answer have been lost.
            headers["Idempotency-Key"] = self._key
            with self._api.open(
                "POST", self._api.path, headers=headers, json=self._request
            ) as response:
                yield response

    def _refused(self, response: httpx.Response) -> float | None:
        """Return how long to wait if the refusal may pass, None if it is none."""
        if response.is_success:
            self.run_id = response.headers.get("X-Run-Id", self.run_id)
            return None
        response.read()
        wait_s = float(response.headers.get("Retry-After", FIRST_PAUSE_S))
        passing = response.status_code in PASSING and wait_s <= MAX_PAUSE_S
        if not passing or self._tries >= MAX_TRIES:
            check(response)
        return wait_s

    def _frames(self, response: httpx.Response) -> Iterator[Frame]:
        for frame in iter_frames(response.iter_bytes()):
            if frame.id is not None:
                if frame.id <= self._last_id:
                    continue
                self._last_id = frame.id
                self._tries = 0
            yield frame
            if frame.end:
                self._ended = True
                return
            if BY_SERVER & set(frame.comments):
                return

    def _pause(self, problem: str, retry_after_s: float | None) -> None:
        self._tries += 1
        if self._tries > MAX_TRIES:
            msg = f"the answer broke off: {problem}"
            raise ChatError(msg)
        backoff_s = FIRST_PAUSE_S * 2 ** (self._tries - 1)
        time.sleep(min(max(backoff_s, retry_after_s or 0), MAX_PAUSE_S))
