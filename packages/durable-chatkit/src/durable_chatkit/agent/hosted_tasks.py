"""Converts the calls of hosted tools to tasks of a workflow, as viewers see them.

Titles are left to the viewer's client where it has one for the type of task, in its own language.
"""

from typing import Any, Literal
from urllib.parse import urlsplit

from chatkit.types import CustomTask, FileSource, FileTask, SearchTask, Task, URLSource
from openai.types.responses import (
    ResponseCodeInterpreterToolCall,
    ResponseFileSearchToolCall,
    ResponseFunctionWebSearch,
    ResponseOutputItem,
)
from openai.types.responses.response_output_item import McpCall

Status = Literal["none", "loading", "complete"]


def hosted_task(call: ResponseOutputItem, *, is_done: bool) -> Task | None:
    """Return the task for a call, None if it isn't one of a hosted tool that viewers see.

    Fields that a server omits are tolerated. Arguments and outputs stay out: they may contain more
    than the user is meant to see.
    """
    status: Status = "loading"
    if is_done:
        failed = getattr(call, "status", None) in {"failed", "incomplete"}
        status = "none" if failed else "complete"
    match call:
        case ResponseFunctionWebSearch():
            return _search_task(getattr(call, "action", None), status)
        case ResponseFileSearchToolCall():
            results = getattr(call, "results", None) or []
            names = dict.fromkeys(result.filename for result in results if result.filename)
            return FileTask(
                title=", ".join(getattr(call, "queries", None) or []) or None,
                sources=[FileSource(filename=name, title=name) for name in names],
                status_indicator=status,
            )
        case ResponseCodeInterpreterToolCall():
            title = "Ran code" if is_done else "Running code"
            return CustomTask(title=title, icon="square-code", status_indicator=status)
        case McpCall():
            title = f"{call.server_label}: {call.name.replace('_', ' ')}"
            return CustomTask(title=title, icon="cube", status_indicator=status)
        case _:
            return None


def _search_task(action: Any, status: Status) -> SearchTask:
    queries = list(getattr(action, "queries", None) or [])
    query = getattr(action, "query", None) or (queries[0] if queries else None)
    pattern = getattr(action, "pattern", None)
    urls = [source.url for source in getattr(action, "sources", None) or [] if source.url]
    page = getattr(action, "url", None)
    if page:
        urls.insert(0, page)
    return SearchTask(
        title_query=query or pattern or _host(page),
        queries=queries or [text for text in (query, pattern) if text],
        sources=[URLSource(url=url, title=_host(url) or url) for url in dict.fromkeys(urls)],
        status_indicator=status,
    )


def _host(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None
