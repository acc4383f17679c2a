"""Limits on a user's data, documented in the service's README.

They keep a user's rows few enough for index range scans, and a response small enough for memory.
"""

from typing import Final

MAX_TITLE_CHARS: Final = 500
MAX_NOTES_CHARS: Final = 10_000
MAX_TAGS: Final = 50
MAX_TAG_CHARS: Final = 50
MAX_STORED_TAGS: Final = 500
MAX_DURATION_MINUTES: Final = 525_600  # a year
MAX_REPEAT_COUNT: Final = 999
MAX_REMINDERS: Final = 10  # of one task
MAX_REMINDER_MINUTES: Final = 40_320  # four weeks before the task is due
MAX_SNOOZE_MINUTES: Final = 40_320
MAX_DEVICES: Final = 10  # of one user; each gets every reminder
MAX_DEVICE_NAME_CHARS: Final = 100
MAX_OPEN_TASKS: Final = 10_000
MAX_LISTS: Final = 200  # including the default list; all are returned on one page
MAX_SUBTASKS: Final = 200  # of one task; all are changed in one transaction
MAX_SECTIONS: Final = 100  # of one list
MAX_LIST_NAME_CHARS: Final = 100  # its key must fit a B-tree entry (2,704 bytes)
MAX_SEARCH_CHARS: Final = 200  # at most 100 words; each is one more pattern per row

MAX_FILTER_CHARS: Final = 1_000
MAX_FILTER_CONDITIONS: Final = 50
MAX_FILTER_DEPTH: Final = 10
MAX_SAVED_FILTERS: Final = 50  # each is one more condition on every row that counts read

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200
MAX_IDS_CHARS: Final = 8_000  # 200 IDs of 30 characters, with commas
MAX_CURSOR_CHARS: Final = 4_096  # a title of 500 characters, escaped and in base64

# Dates outside these years are typos; the bounds also keep arithmetic within datetime's range.
MIN_DUE_YEAR: Final = 1970
MAX_DUE_YEAR: Final = 2999

# `number` and `seq` are JSON numbers, which must be exact in JavaScript.
MAX_TASK_NUMBER: Final = 2**31 - 1
MAX_EVENT_SEQ: Final = 2**53 - 1
MAX_CHANGE_ID: Final = 2**53 - 1
MAX_RUN_ATTEMPT: Final = 2**31 - 1

PENDING_HOURS: Final = 24
MAX_BULK_TASKS: Final = 1_000  # of one bulk change, which holds the user's lock
MAX_BULK_ROWS: Final = 20  # changed tasks in its response
MAX_IMPORT_BYTES: Final = 10_000_000
MAX_IMPORT_TASKS: Final = 10_000  # of one file
MAX_IMPORT_PART: Final = 500  # tasks in one transaction, which may take 15 s
MAX_IMPORT_ISSUES: Final = 200  # in its report
MAX_OPERATIONS: Final = 500  # of one pending change

# Of one turn of the agent, which needs the user's confirmation for other changes.
MAX_TURN_TASKS: Final = 100  # added
MAX_TURN_LISTS: Final = 10  # added, with sections
MAX_TURN_LIST_CHANGES: Final = 3  # existing lists that are renamed, archived or otherwise changed
