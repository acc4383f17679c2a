"""Query parameters of routes that return a page."""

from typing import Annotated

from litestar.params import QueryParameter

from tasks_service.domain.limits import MAX_CURSOR_CHARS, MAX_PAGE_SIZE

PageLimit = Annotated[
    int, QueryParameter(ge=1, le=MAX_PAGE_SIZE, description="Maximum entries per page.")
]
PageCursor = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=MAX_CURSOR_CHARS,
        description="`next_cursor` of the previous page; all other parameters must be the same.",
    ),
]
