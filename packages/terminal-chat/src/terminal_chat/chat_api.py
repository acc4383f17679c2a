"""The chat routes of a deployment, and one run's stream over as many connections as needed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import httpx

from terminal_chat.account_session import AccountSession
from terminal_chat.errors import ChatError, SignedOutError
from terminal_chat.http_calls import call, check_response, unreachable
from terminal_chat.stream_frame import StreamFrame, iter_frames

MAX_RETRIES: Final = 8  # in a row; a new frame resets the count
FIRST_PAUSE_S: Final = 0.2
MAX_PAUSE_S: Final = 5.0
TRANSIENT_STATUSES: Final = frozenset({429, 502, 503, 504})
TASKS_SHOWN: Final = 100
RECONNECT_COMMENTS: Final = frozenset({"reconnect", "unauthorized"})


class ChatApi:
    """The chat routes of one deployment, for one user."""

    def __init__(self, client: httpx.Client, session: AccountSession) -> None:
        self._client = client
        self._session = session

    @property
    def client(self) -> httpx.Client:
        """The HTTP client of the deployment."""
        return self._client

    def request(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a ChatKit request that returns JSON."""
        response: dict[str, Any] = self._call("POST", json=dict(body)).json()
        return response

    def list_open_tasks(self) -> list[dict[str, Any]]:
        """Return the open tasks by due date."""
        page: dict[str, list[dict[str, Any]]] = self._session.retry_signed_in(
            self._get_tasks
        ).json()
        return page["items"]

    def find_active_run(self, thread_id: str) -> str | None:
        """Return the ID of the thread's active run."""
        params = {"thread_id": thread_id, "status": "active"}
        items = self._call("GET", "/runs", params=params).json()["items"]
        return items[0]["run_id"] if items else None

    def cancel_run(self, run_id: str) -> None:
        """Request that a run stops."""
        self._call("POST", f"/runs/{run_id}/cancel")

    def send_message(self, request: Mapping[str, Any]) -> "RunStream":
        """Return the stream of a ChatKit request; iterating sends it."""
        return RunStream(self, request=request)

    def attach_run(self, run_id: str) -> "RunStream":
        """Return the stream of an existing run, from its first frame."""
        return RunStream(self, run_id=run_id)

    @contextmanager
    def open_stream(
        self, method: str, route: str, headers: Mapping[str, str], **options: Any
    ) -> Iterator[httpx.Response]:
        """Open a streamed response; a rejected client secret is replaced once.

        Args:
            route: the path after that of the user's chat.
        """
        path, authorized = self._authorize(route, fresh=False)
        all_headers = {**headers, **authorized}
        with self._client.stream(method, path, headers=all_headers, **options) as response:
            if response.status_code != 401:
                yield response
                return
        path, authorized = self._authorize(route, fresh=True)
        all_headers |= authorized
        with self._client.stream(method, path, headers=all_headers, **options) as response:
            yield response

    def _call(self, method: str, route: str = "", **options: Any) -> httpx.Response:
        path, headers = self._authorize(route, fresh=False)
        try:
            return call(self._client, method, path, headers=headers, **options)
        except SignedOutError:
            path, headers = self._authorize(route, fresh=True)
            return call(self._client, method, path, headers=headers, **options)

    def _authorize(self, route: str, *, fresh: bool) -> tuple[str, dict[str, str]]:
        """Return the path of a chat route and its headers.

        A new client secret may be that of another user: a deployment whose data was reset gets
        a new account. So the path is built after it.
        """
        headers = {
            "Authorization": f"Bearer {self._session.client_secret(fresh=fresh)}",
            "X-Timezone": self._session.timezone,
        }
        return f"/api/{self._session.user_id}/chat{route}", headers

    def _get_tasks(self) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._session.login_token()}"}
        params = {"status": "open", "sort": "due", "limit": TASKS_SHOWN}
        path = f"/api/{self._session.user_id}/tasks"
        return call(self._client, "GET", path, headers=headers, params=params)


class RunStream:
    """The frames of one run; reconnects automatically and yields no frame twice."""

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
        self._retries = 0
        self._has_ended = False

    def __iter__(self) -> Iterator[StreamFrame]:
        """Yield frames up to the end marker.

        Raises:
            ChatError: the request was rejected, or reconnecting failed MAX_RETRIES times.
            RunLogGoneError: the run has ended and its frames have expired.
        """
        while True:
            problem = "the server closed the stream"
            try:
                with self._open() as response:
                    retry_after_s = self._check(response)
                    if retry_after_s is None:
                        yield from self._read_frames(response)
                        if self._has_ended or not self.run_id:
                            return
            except httpx.TransportError as error:
                problem, retry_after_s = str(unreachable(self._api.client, error)), None
            self._retries += 1
            if self._retries > MAX_RETRIES:
                msg = f"lost the connection: {problem}"
                raise ChatError(msg)
            backoff_s = FIRST_PAUSE_S * 2 ** (self._retries - 1)
            time.sleep(min(max(backoff_s, retry_after_s or 0), MAX_PAUSE_S))

    @contextmanager
    def _open(self) -> Iterator[httpx.Response]:
        headers = {"X-Resumable": "1", "Accept": "text/event-stream"}
        if self.run_id:
            headers["Last-Event-ID"] = str(self._last_id)
            route = f"/runs/{self.run_id}/events"
            with self._api.open_stream("GET", route, headers=headers) as response:
                yield response
        else:
            # If the response is lost, the key makes the repeated request return the same run.
            headers["Idempotency-Key"] = self._key
            with self._api.open_stream("POST", "", headers=headers, json=self._request) as response:
                yield response

    def _check(self, response: httpx.Response) -> float | None:
        """Return the seconds to wait before a retry, or None if the response is a success.

        Raises:
            ChatError: the failure isn't transient, or was retried MAX_RETRIES times.
        """
        if response.is_success:
            self.run_id = response.headers.get("X-Run-Id", self.run_id)
            return None
        response.read()
        wait_s = float(response.headers.get("Retry-After", FIRST_PAUSE_S))
        is_transient = response.status_code in TRANSIENT_STATUSES and wait_s <= MAX_PAUSE_S
        if not is_transient or self._retries >= MAX_RETRIES:
            check_response(response)
        return wait_s

    def _read_frames(self, response: httpx.Response) -> Iterator[StreamFrame]:
        for frame in iter_frames(response.iter_bytes()):
            if frame.id is not None:
                if frame.id <= self._last_id:
                    continue
                self._last_id = frame.id
                self._retries = 0
            yield frame
            if frame.end:
                self._has_ended = True
                return
            if RECONNECT_COMMENTS & set(frame.comments):
                return
