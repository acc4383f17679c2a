"""Parses the query of a task listing: filters, order and page."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request
from litestar.params import QueryParameter

from tasks_service.domain.due import DEFAULT_TIMEZONE, check_timezone
from tasks_service.domain.filter_expression import selects_completed
from tasks_service.domain.filter_language import parse_filter
from tasks_service.domain.limits import (
    DEFAULT_PAGE_SIZE,
    MAX_FILTER_CHARS,
    MAX_IDS_CHARS,
    MAX_PAGE_SIZE,
    MAX_SEARCH_CHARS,
    MAX_TAG_CHARS,
)
from tasks_service.domain.query import (
    DEFAULT_ORDER,
    Order,
    SortKey,
    Status,
    TaskFilter,
    TaskOrder,
    parse_due_bound,
    parse_ids,
)
from tasks_service.domain.search import SearchText, parse_search
from tasks_service.domain.text import clean_line, invalid, match_key
from tasks_service.http.paging import PageCursor, PageLimit
from todochat.contracts.tasks import Priority

_NAMES: Final = frozenset(
    [
        "status",
        "ids",
        "list_id",
        "section_id",
        "parent_id",
        "priority",
        "tag",
        "due_from",
        "due_to",
        "overdue",
        "started",
        "pinned",
        "q",
        "filter",
        "timezone",
        "include_archived",
        "sort",
        "order",
        "pinned_first",
        "limit",
        "cursor",
    ]
)
_DUE_BOUND: Final = (
    "A day (2026-11-24), compared with the task's day, or an RFC 3339 time with an offset,"
    " compared with the instant from which the task is overdue. Inclusive."
)

StatusParameter = Annotated[
    Status | None,
    QueryParameter(
        description=(
            "Open (the default), completed or all tasks. A filter that compares `status` or"
            " `completed` searches all tasks by default."
        )
    ),
]
IdsParameter = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_IDS_CHARS,
        description=f"Only tasks with these IDs, separated by commas; at most {MAX_PAGE_SIZE}.",
    ),
]
ListParameter = Annotated[str | None, QueryParameter(description="Only tasks of this list.")]
SectionParameter = Annotated[
    str | None, QueryParameter(description="Only tasks of this section, with their subtasks.")
]
ParentParameter = Annotated[
    str | None, QueryParameter(description="Only subtasks of the task with this ID.")
]
PriorityParameter = Annotated[Priority | None, QueryParameter(description="Only this priority.")]
TagParameter = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=MAX_TAG_CHARS,
        description="Only tasks with this tag, ignoring case.",
    ),
]
DueParameter = Annotated[str | None, QueryParameter(max_length=40, description=_DUE_BOUND)]
OverdueParameter = Annotated[
    bool | None, QueryParameter(description="true: only overdue tasks; false: all others.")
]
StartedParameter = Annotated[
    bool | None,
    QueryParameter(
        description="true: only tasks that have started or have no start; false: others."
    ),
]
PinnedParameter = Annotated[
    bool | None, QueryParameter(description="true: only pinned tasks; false: all others.")
]
TextParameter = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_SEARCH_CHARS,
        description=(
            "Words that the title, notes and tags must all have; the beginnings of words suffice,"
            " case and accents don't count."
        ),
    ),
]
FilterParameter = Annotated[
    str | None,
    QueryParameter(
        name="filter",
        description=(
            "A filter, such as `due < tomorrow & (priority = high | tag = work)`."
            f" At most {MAX_FILTER_CHARS} characters."
        ),
    ),
]
TimezoneParameter = Annotated[
    str, QueryParameter(max_length=64, description="IANA time zone of the dates in the filter.")
]
ArchivedParameter = Annotated[
    bool,
    QueryParameter(
        description=(
            "Also return tasks of archived lists. They are returned anyway with `list_id`,"
            " `section_id` or `parent_id`, or if the filter names their list."
        )
    ),
]
SortParameter = Annotated[
    SortKey | None,
    QueryParameter(
        description=(
            "created by default, relevance with `q`. Tasks without a due date or start come last"
            " when sorted by it."
        )
    ),
]
OrderParameter = Annotated[
    Order | None,
    QueryParameter(
        description="asc by default for due, start, title and position, desc for the others."
    ),
]
PinnedFirstParameter = Annotated[
    bool, QueryParameter(description="Pinned tasks first, and then the others, each in the order.")
]


class TaskListing(msgspec.Struct, frozen=True):
    """A validated query."""

    filters: TaskFilter
    order: TaskOrder
    cursor: str | None
    limit: int


def provide_task_listing(
    request: Request[Any, Any, Any],
    status: StatusParameter = None,
    ids: IdsParameter = None,
    list_id: ListParameter = None,
    section_id: SectionParameter = None,
    parent_id: ParentParameter = None,
    priority: PriorityParameter = None,
    tag: TagParameter = None,
    due_from: DueParameter = None,
    due_to: DueParameter = None,
    overdue: OverdueParameter = None,
    started: StartedParameter = None,
    pinned: PinnedParameter = None,
    q: TextParameter = None,
    filter_text: FilterParameter = None,
    timezone: TimezoneParameter = DEFAULT_TIMEZONE,
    include_archived: ArchivedParameter = False,
    sort: SortParameter = None,
    order: OrderParameter = None,
    pinned_first: PinnedFirstParameter = False,
    limit: PageLimit = DEFAULT_PAGE_SIZE,
    cursor: PageCursor = None,
) -> TaskListing:
    """Parse the query of a listing.

    Raises:
        InvalidInputError: a value is invalid, or a parameter is unknown.
    """
    # Ignoring a misspelt filter would return tasks that the caller meant to exclude.
    for name in request.query_params:
        if name not in _NAMES:
            raise invalid(name, "is not a parameter of this route")
    tag_line = None if tag is None else clean_line(tag, pointer="tag", max_chars=MAX_TAG_CHARS)
    check_timezone(timezone, pointer="timezone")
    expression = None if filter_text is None else parse_filter(filter_text)
    if status is None:
        status = "all" if expression is not None and selects_completed(expression) else "open"
    filters = TaskFilter(
        status=status,
        ids=None if ids is None else parse_ids(ids, pointer="ids"),
        list_id=list_id,
        section_id=section_id,
        parent_id=parent_id,
        priority=priority,
        tag_key=None if tag_line is None else match_key(tag_line),
        due_from=None if due_from is None else parse_due_bound(due_from, pointer="due_from"),
        due_to=None if due_to is None else parse_due_bound(due_to, pointer="due_to"),
        is_overdue=overdue,
        is_started=started,
        is_pinned=pinned,
        search=SearchText() if q is None else parse_search(q, pointer="q"),
        expression=expression,
        timezone=timezone,
        include_archived=include_archived or any((list_id, section_id, parent_id)),
    )
    task_order = to_order(sort, order, has_words=bool(filters.search.words), pinned=pinned_first)
    return TaskListing(filters, task_order, cursor, limit)


def to_order(
    sort: SortKey | None, order: Order | None, *, has_words: bool, pinned: bool
) -> TaskOrder:
    """Return the order of a listing, with its defaults.

    Raises:
        InvalidInputError: it sorts by relevance without words to search for.
    """
    if sort is None:
        sort = "relevance" if has_words else "created"
    elif sort == "relevance" and not has_words:
        raise invalid("sort", "relevance needs words in q")
    return TaskOrder(sort=sort, order=order or DEFAULT_ORDER[sort], is_pinned_first=pinned)
