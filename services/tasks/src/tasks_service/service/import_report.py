"""The report of an import, or of its dry run."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tasks_service.domain.limits import MAX_IMPORT_ISSUES
from tasks_service.formats.file_content import FileContent, FileFormat


class ImportCounts(msgspec.Struct):
    """The outcome for the things of one kind in the file."""

    created: int = 0
    existing: Annotated[
        int,
        Meta(description="Imported before, or a list or section of that name; nothing is changed."),
    ] = 0
    changed: Annotated[
        int, Meta(description="Of the existing ones: other in this file than when imported.")
    ] = 0
    in_trash: Annotated[
        int, Meta(description="Imported before and in the trash now; they stay there.")
    ] = 0
    skipped: Annotated[int, Meta(description="Not imported; see `issues`.")] = 0


class ImportIssue(msgspec.Struct, frozen=True, kw_only=True):
    """A row that wasn't imported, or not completely."""

    place: Annotated[str, Meta(description="A line of the file, or an ID in it.")]
    title: str
    reason: str
    is_skipped: Annotated[bool, Meta(description="The row wasn't imported at all.")] = (
        msgspec.field(name="skipped")
    )


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Things of a kind that can't be imported."""

    kind: str
    count: int


class ImportReport(msgspec.Struct, kw_only=True):
    """The outcome of an import, or of its dry run."""

    dry_run: bool
    format: FileFormat
    encoding: Annotated[
        str | None, Meta(description="Guessed encoding of the text; null if it was certain.")
    ]
    request_id: Annotated[
        str | None, Meta(description="To undo the import; null if nothing was created.")
    ] = None
    lists: ImportCounts = msgspec.field(default_factory=ImportCounts)
    sections: ImportCounts = msgspec.field(default_factory=ImportCounts)
    tasks: ImportCounts = msgspec.field(default_factory=ImportCounts)
    filters: ImportCounts = msgspec.field(default_factory=ImportCounts)
    tags: Annotated[ImportCounts, Meta(description="Tags with a colour, or without tasks.")] = (
        msgspec.field(default_factory=ImportCounts)
    )
    issues: Annotated[list[ImportIssue], Meta(description=f"The first {MAX_IMPORT_ISSUES}.")] = (
        msgspec.field(default_factory=list)
    )
    issue_count: int = 0
    left_out: list[LeftOut] = msgspec.field(default_factory=list)

    def add_part(self, part: "ImportReport") -> None:
        """Add the report of a later part, which has other tasks but the same lists."""
        self.tasks.created += part.tasks.created
        self.tasks.existing += part.tasks.existing
        self.tasks.changed += part.tasks.changed
        self.tasks.in_trash += part.tasks.in_trash
        self.request_id = self.request_id or part.request_id
        self.issues, self.issue_count = part.issues, part.issue_count

    def complete(self, content: FileContent) -> None:
        """Add what was lost, rows that aren't imported first."""
        issues = sorted(dict.fromkeys(content.issues), key=lambda issue: not issue.is_skipped)
        self.issue_count = len(issues)
        self.issues = [
            ImportIssue(
                place=issue.place,
                title=issue.title,
                reason=issue.reason,
                is_skipped=issue.is_skipped,
            )
            for issue in issues[:MAX_IMPORT_ISSUES]
        ]
        self.left_out = [
            LeftOut(kind=kind, count=count)
            for kind, count in sorted(content.left_out.items())
            if count
        ]
