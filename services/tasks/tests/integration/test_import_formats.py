"""Files of other applications, in the shapes in which these write them."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from import_kit import import_file, tasks_of
from tasks_kit import Person


async def named_tasks(person: Person) -> dict[str, dict[str, Any]]:
    """Return the tasks by title, with the names of their lists, sections and parents."""
    found = await person.get("lists", include_archived="true")
    lists = {each["id"]: each["name"] for each in found.json()["items"]}
    sections = {each["id"]: each["name"] for each in (await person.get("sections")).json()["items"]}
    tasks = await tasks_of(person)
    titles = {task["id"]: task["title"] for task in tasks}
    return {
        task["title"]: {
            **task,
            "list": lists[task["list_id"]],
            "section": sections.get(task["section_id"]),
            "parent": titles.get(task["parent_id"]),
        }
        for task in tasks
    }


def left_out(report: dict[str, Any]) -> dict[str, int]:
    return {each["kind"]: each["count"] for each in report["left_out"]}


TODOIST_CSV = """\ufeffTYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT,DEADLINE,DEADLINE_LANG
meta,view_style=list,,,,,,,,,,,,
task,Plan the party @home @fun,"Cake, drinks",1,1,Ada (17),Bob (18),2999-12-01 18:30,en,Europe/Berlin,90,minute,,
note,Ask Eve about the music [[file {""file_name"":""list.pdf""}]],,,,Ada (17),,,,,,,,
task,Invite guests,,4,2,Ada (17),,,en,,,,2999-11-20,en
task,Write the cards,,3,3,Ada (17),,,en,,,,,
,,,,,,,,,,,,,
section,Every week,,,,,,,,,,,,
task,Take out the bins,,2,1,Ada (17),,every monday,en,Europe/Berlin,,,,
task,Call grandma,,,1,Ada (17),,jeden zweiten Sonntag,de,,,,,
poem,Roses are red,,,,,,,,,,,,
"""


async def test_todoist_csv(ada: Person) -> None:
    report = await import_file(ada, TODOIST_CSV, list="Party")

    tasks = await named_tasks(ada)
    party, guests = tasks["Plan the party"], tasks["Invite guests"]
    assert party["list"] == "Party"
    assert party["tags"] == ["home", "fun"]
    assert party["priority"] == "high"
    assert party["due"] == {"at": "2999-12-01T17:30:00Z", "timezone": "Europe/Berlin"}
    assert party["duration_minutes"] == 90
    assert party["notes"] == "Cake, drinks\n\nComment: Ask Eve about the music"
    assert (guests["parent"], guests["priority"]) == ("Plan the party", "none")
    assert guests["due"]["date"] == "2999-11-20"
    assert tasks["Write the cards"]["parent"] == "Plan the party"
    assert tasks["Take out the bins"]["section"] == "Every week"
    assert tasks["Take out the bins"]["repeat"] == {"rule": "FREQ=WEEKLY;BYDAY=MO", "from": "due"}
    assert tasks["Call grandma"]["notes"] == "Date: jeden zweiten Sonntag"
    reasons = {each["title"]: each["reason"] for each in report["issues"]}
    assert reasons == {
        "Roses are red": 'the type "poem" is unknown',
        "Write the cards": "was nested deeper than one level",
        "Call grandma": 'the date "jeden zweiten Sonntag" was not understood; it is in the notes',
    }
    assert left_out(report) == {"assignees": 1, "attachments": 1}
    again = await import_file(ada, TODOIST_CSV, list="Party")
    assert (again["tasks"]["created"], again["tasks"]["existing"]) == (0, 5)


def archive(members: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


async def test_todoist_backup_has_a_list_for_each_file(ada: Person) -> None:
    header = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n"
    backup = archive(
        {
            "Inbox [6X7].csv": header + "task,Milk,,4,1,,,,,\n",
            "Home/Garden [6X8].csv": header + "task,Mow,,4,1,,,,,\n",
        }
    )

    report = await import_file(ada, backup)

    tasks = await named_tasks(ada)
    assert report["format"] == "todoist-csv"
    assert {title: task["list"] for title, task in tasks.items()} == {
        "Milk": "Inbox",
        "Mow": "Garden",
    }


TODOIST_SYNC: dict[str, Any] = {
    "full_sync": True,
    "projects": [
        {"id": "6Jf8VQXxpwv56VQ7", "name": "Inbox", "inbox_project": True, "color": "grey"},
        {"id": "6Jf8VQXxpwv56VQ8", "name": "Garden", "color": "olive_green", "child_order": 1},
        {"id": "6Jf8VQXxpwv56VQ9", "name": "Gone", "is_deleted": True},
    ],
    "sections": [
        {"id": "7025", "name": "Beds", "project_id": "6Jf8VQXxpwv56VQ8", "section_order": 1}
    ],
    "items": [
        {
            "id": "2995",
            "content": "Prune the roses",
            "description": "before the frost",
            "project_id": "6Jf8VQXxpwv56VQ8",
            "section_id": "7025",
            "priority": 4,
            "labels": ["outside"],
            "due": {
                "date": "2999-11-03T09:00:00",
                "timezone": "Europe/Berlin",
                "string": "every year on november 3 at 9am",
                "lang": "en",
                "is_recurring": True,
            },
            "duration": {"amount": 2, "unit": "day"},
            "checked": False,
            "child_order": 1,
            "added_at": "2024-03-01T10:00:00.000000Z",
            "responsible_uid": "2671355",
        },
        {
            "id": "2996",
            "content": "Sharpen the shears",
            "project_id": "6Jf8VQXxpwv56VQ8",
            "parent_id": "2995",
            "priority": 1,
            "checked": True,
            "completed_at": "2024-03-02T10:00:00.000000Z",
            "due": {"date": "2999-11-02", "string": "Nov 2", "is_recurring": False},
            "child_order": 2,
        },
        {"id": "2997", "content": "Old", "is_deleted": True},
        {"id": "2998"},
    ],
    "notes": [
        {"id": "1", "item_id": "2995", "content": "Ask Bob", "file_attachment": {"file_name": "x"}}
    ],
    "project_notes": [{"id": "2", "project_id": "6Jf8VQXxpwv56VQ8", "content": "all of it"}],
    "reminders": [
        {"id": "3", "item_id": "2995", "type": "relative", "minute_offset": 30},
        {"id": "4", "item_id": "2996", "type": "absolute", "due": {"date": "2999-11-01T08:00:00Z"}},
        {"id": "5", "item_id": "2995", "type": "location", "name": "home"},
    ],
    "labels": [{"id": "9", "name": "outside"}],
    "filters": [{"id": "8", "name": "mine", "query": "today"}],
}


async def test_todoist_api(ada: Person) -> None:
    report = await import_file(ada, json.dumps(TODOIST_SYNC))

    tasks = await named_tasks(ada)
    roses, shears = tasks["Prune the roses"], tasks["Sharpen the shears"]
    lists = {each["name"]: each["color"] for each in (await ada.get("lists")).json()["items"]}
    assert lists == {"Inbox": "gray", "Garden": "green"}
    assert (roses["list"], roses["section"], roses["priority"]) == ("Garden", "Beds", "high")
    assert roses["due"] == {"at": "2999-11-03T08:00:00Z", "timezone": "Europe/Berlin"}
    assert roses["repeat"]["rule"].startswith("FREQ=YEARLY")
    assert roses["duration_minutes"] == 2880
    assert roses["notes"] == "before the frost\n\nComment: Ask Bob"
    assert roses["created_at"] == "2024-03-01T10:00:00Z"
    assert [each.get("minutes_before") for each in roses["reminders"]] == [30]
    assert (shears["parent"], shears["completed_at"]) == (
        "Prune the roses",
        "2024-03-02T10:00:00Z",
    )
    assert [each["place"] for each in report["issues"]] == ["item 2998", "item 2995"]
    assert left_out(report) == {
        "assignees": 1,
        "attachments": 1,
        "comments on projects": 1,
        "deleted tasks": 1,
        "filters": 1,
    }


async def test_todoist_rest_tasks(ada: Person) -> None:
    rows = [
        {
            "id": "2995104339",
            "content": "Buy milk",
            "is_completed": False,
            "project_id": "2203306141",
            "order": 1,
            "priority": 2,
            "due": {"date": "2999-09-01", "datetime": "2999-09-01T12:00:00Z", "string": "x"},
        }
    ]

    listed = await import_file(ada, json.dumps(rows))
    paged = await import_file(ada, json.dumps({"results": rows, "next_cursor": None}))

    task = (await named_tasks(ada))["Buy milk"]
    assert (listed["format"], listed["tasks"]["created"]) == ("todoist-json", 1)
    assert paged["tasks"]["existing"] == 1
    assert (task["list"], task["priority"]) == ("Inbox", "low")
    assert task["due"] == {"at": "2999-09-01T12:00:00Z", "timezone": "UTC"}


NONE = "0001-01-01T00:00:00Z"
VIKUNJA: list[dict[str, Any]] = [
    {
        "id": 3,
        "title": "House",
        "description": "<p>ours</p>",
        "hex_color": "e8445a",
        "created": "2024-01-01T10:00:00Z",
        "parent_project_id": 0,
        "is_archived": False,
        "tasks": [
            {
                "id": 11,
                "title": "Paint the door",
                "description": "<p>Use <strong>red</strong>.</p><ul><li>two coats</li></ul>",
                "done": False,
                "done_at": NONE,
                "due_date": "2999-05-01T08:00:00Z",
                "start_date": NONE,
                "end_date": NONE,
                "created": "2024-01-02T10:00:00Z",
                "priority": 5,
                "repeat_after": 1209600,
                "repeat_mode": 2,
                "reminders": [
                    {"reminder": "2999-05-01T07:00:00Z", "relative_period": -3600, "relative_to": "due_date"},
                    {"reminder": "2999-04-30T08:00:00Z", "relative_period": 0, "relative_to": ""},
                ],
                "labels": [{"id": 1, "title": "outside", "hex_color": "ff0000"}],
                "assignees": [{"id": 2, "username": "bob"}],
                "attachments": [{"id": 5, "file": {"name": "door.jpg"}}],
                "comments": [{"id": 1, "comment": "<p>Buy brushes</p>"}],
                "related_tasks": {"subtask": [{"id": 12, "title": "Sand"}], "blocking": [{"id": 13}]},
                "is_favorite": True,
                "percent_done": 0.5,
            },
            {
                "id": 12,
                "title": "Sand",
                "done": True,
                "done_at": "2024-02-01T10:00:00Z",
                "due_date": NONE,
                "created": "2024-01-02T11:00:00Z",
                "priority": 0,
                "related_tasks": {"parenttask": [{"id": 11}]},
            },
            {"id": 13, "title": "Clean up", "created": "2024-01-02T12:00:00Z", "repeat_after": 90},
        ],
        "buckets": [
            {"id": 21, "title": "To-Do", "position": 100},
            {"id": 22, "title": "Doing", "position": 200},
        ],
        "task_buckets": [
            {"task_id": 11, "bucket_id": 22},
            {"task_id": 12, "bucket_id": 22},
            {"task_id": 13, "bucket_id": 21},
        ],
        "child_projects": None,
    },
    {
        "id": 4,
        "title": "Cellar",
        "created": "2024-01-01T11:00:00Z",
        "parent_project_id": 3,
        "is_archived": True,
        "tasks": [
            {
                "id": 14,
                "title": "Old boxes",
                "due_date": "2999-06-01T08:00:00Z",
                "created": "2024-01-03T10:00:00Z",
                "repeats": "FREQ=MONTHLY;INTERVAL=2",
            }
        ],
    },
]  # fmt: skip


async def test_vikunja_export(ada: Person) -> None:
    export = archive(
        {
            "data.json": json.dumps(VIKUNJA),
            "filters.json": json.dumps([{"id": 1, "title": "mine"}]),
            "VERSION": "1.0.0",
            "files/5": b"\xff" * 100,
        }
    )

    report = await import_file(ada, export)

    tasks = await named_tasks(ada)
    door, sand = tasks["Paint the door"], tasks["Sand"]
    lists = {each["name"]: each for each in (await ada.get("lists")).json()["items"]}
    assert report["format"] == "vikunja"
    assert lists["House"]["color"] == "red"
    assert (door["list"], door["section"], door["priority"]) == ("House", "Doing", "high")
    assert door["notes"] == "Use red.\n\n- two coats\n\nComment: Buy brushes"
    assert door["due"] == {"at": "2999-05-01T08:00:00Z", "timezone": "UTC"}
    assert door["repeat"] == {"rule": "FREQ=WEEKLY;INTERVAL=2", "from": "completion"}
    assert [(each.get("minutes_before"), each.get("at")) for each in door["reminders"]] == [
        (60, None),
        (None, "2999-04-30T08:00:00Z"),
    ]
    assert (door["tags"], door["pinned"]) == (["outside"], True)
    assert (sand["parent"], sand["completed_at"]) == ("Paint the door", "2024-02-01T10:00:00Z")
    assert tasks["Clean up"]["section"] == "To-Do"
    assert tasks["Old boxes"]["repeat"]["rule"].startswith("FREQ=MONTHLY;INTERVAL=2")
    assert {each["reason"] for each in report["issues"]} == {
        "the repetition after 90 seconds was left out"
    }
    assert left_out(report) == {
        "assignees": 1,
        "attachments": 1,
        "descriptions of projects": 1,
        "filters": 1,
        "nesting of projects": 1,
        "progress of tasks": 1,
        "relations between tasks": 1,
    }
    again = await import_file(ada, json.dumps(VIKUNJA))
    assert (again["format"], again["tasks"]["created"]) == ("vikunja", 0)


async def test_zip_bombs_are_rejected(ada: Person) -> None:
    bomb = archive({"data.json": b"[" + b" " * 60_000_000 + b"]", "VERSION": "1.0.0"})

    problem = await import_file(ada, bomb, status=413)

    assert len(bomb) < 100_000
    assert "50 MB" in problem["detail"]


TICKTICK = """"Date: 2026-11-25+0000"
"Version: 7.1"
"Status:\u0020
0 Normal
1 Completed
2 Archived"
"Folder Name","List Name","Title","Kind","Tags","Content","Is Check list","Start Date","Due Date","Reminder","Repeat","Priority","Status","Created Time","Completed Time","Order","Timezone","Is All Day","Is Floating","Column Name","Column Order","View Mode","taskId","parentId"
"Work","Project","Ship it","TEXT","urgent, work","Line one
line two","N","2999-12-10T23:00:00+0000","2999-12-10T23:00:00+0000","P0DT9H0M0S","RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=FR","5","0","2025-10-09T15:09:48+0000","","-1099511627776","Europe/Berlin","true","false","Doing","1","kanban","1",""
"Work","Project","Write notes","TEXT","","","N","","2999-12-09T13:00:00+0000","-PT15M","","0","0","2025-10-09T15:10:00+0000","","1","Europe/Berlin","false","false","Doing","1","kanban","2","1"
"","Inbox","Pack","CHECKLIST","","For the trip
▫Passport
▪Tickets","Y","","","","","3","0","2025-10-09T15:20:00+0000","","2","Europe/Berlin",,"false",,,"list","3",""
"","Inbox","Done one","TEXT","","","N","","","","","0","2","2025-10-09T15:30:00+0000","2025-10-10T10:00:00+0000","3","","false","false",,,"list","4",""
"","Inbox","Never","TEXT","","","N","","","","ERULE:NAME=FORGETTINGCURVE","1","-1","2025-10-09T15:40:00+0000","2025-10-10T11:00:00+0000","4","","false","false",,,"list","5",""
"","Inbox","","TEXT","","no title","N","","","","","0","0","2025-10-09T15:50:00+0000","","5","","false","false",,,"list","6",""
"""


async def test_ticktick_backup(ada: Person) -> None:
    report = await import_file(ada, TICKTICK)

    tasks = await named_tasks(ada)
    ship, notes = tasks["Ship it"], tasks["Write notes"]
    assert report["format"] == "ticktick"
    assert (ship["list"], ship["section"], ship["priority"]) == ("Project", "Doing", "high")
    assert ship["due"] == {"date": "2999-12-11", "timezone": "Europe/Berlin"}
    assert ship["start"] is None
    assert ship["notes"] == "Line one\nline two"
    assert ship["tags"] == ["urgent", "work"]
    assert ship["repeat"]["rule"] == "FREQ=WEEKLY;BYDAY=FR"
    assert [each["at"] for each in ship["reminders"]] == ["2999-12-11T08:00:00Z"]
    assert notes["parent"] == "Ship it"
    assert notes["due"] == {"at": "2999-12-09T13:00:00Z", "timezone": "Europe/Berlin"}
    assert [each["minutes_before"] for each in notes["reminders"]] == [15]
    assert (tasks["Pack"]["list"], tasks["Pack"]["notes"]) == ("Inbox", "For the trip")
    assert tasks["Pack"]["priority"] == "medium"
    assert (tasks["Passport"]["parent"], tasks["Passport"]["completed_at"]) == ("Pack", None)
    assert tasks["Tickets"]["completed_at"] is not None
    assert tasks["Done one"]["completed_at"] == "2025-10-10T10:00:00Z"
    assert sorted(each["reason"] for each in report["issues"]) == [
        "has no title",
        'the repetition "ERULE:NAME=FORGETTINGCURVE" was left out',
        'was marked "won\'t do"; it is completed now',
    ]
    again = await import_file(ada, TICKTICK)
    assert (again["tasks"]["created"], again["tasks"]["existing"]) == (0, 7)


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Tasks//EN
X-WR-CALNAME:Errands
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VTODO
UID:a1@example.org
DTSTAMP:20261101T100000Z
CREATED:20261001T100000Z
SUMMARY:Buy a very long present for the birthday of
  grandma
DESCRIPTION:First line\\nsecond\\, with comma
DTSTART;TZID=Europe/Berlin:29991129T090000
DUE;TZID=Europe/Berlin:29991201T180000
PRIORITY:1
CATEGORIES:family,shop
CATEGORIES:gift
STATUS:IN-PROCESS
RRULE:FREQ=YEARLY
EXDATE:30001201T170000Z
LOCATION:Town
ATTACH:https://example.org/list.pdf
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER;RELATED=END:-PT30M
DESCRIPTION:Soon
END:VALARM
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER;VALUE=DATE-TIME:29991130T080000Z
END:VALARM
END:VTODO
BEGIN:VTODO
UID:a2@example.org
SUMMARY:Wrapping paper
DUE;VALUE=DATE:29991130
RELATED-TO:a1@example.org
PRIORITY:9
END:VTODO
BEGIN:VTODO
UID:a3@example.org
SUMMARY:Old one
STATUS:COMPLETED
COMPLETED:20251101T120000Z
DTSTART:20251101T100000Z
DURATION:PT1H30M
END:VTODO
BEGIN:VTODO
UID:a4@example.org
SUMMARY:Bad date
DUE:tomorrow
END:VTODO
BEGIN:VTODO
UID:a1@example.org
RECURRENCE-ID:30001201T170000Z
SUMMARY:Another year
END:VTODO
BEGIN:VEVENT
UID:e1@example.org
SUMMARY:Party
DTSTART:29991201T180000Z
END:VEVENT
END:VCALENDAR
"""


async def test_calendar_todos(ada: Person) -> None:
    report = await import_file(ada, CALENDAR.replace("\n", "\r\n"), timezone="Europe/Paris")

    tasks = await named_tasks(ada)
    present = tasks["Buy a very long present for the birthday of grandma"]
    assert report["format"] == "icalendar"
    assert present["list"] == "Errands"
    assert present["notes"] == "First line\nsecond, with comma\n\nLocation: Town"
    assert present["due"] == {"at": "2999-12-01T17:00:00Z", "timezone": "Europe/Berlin"}
    assert present["start"] == {"at": "2999-11-29T08:00:00Z", "timezone": "Europe/Berlin"}
    assert (present["priority"], present["tags"]) == ("high", ["family", "shop", "gift"])
    assert present["repeat"]["rule"].startswith("FREQ=YEARLY")
    assert present["created_at"] == "2026-10-01T10:00:00Z"
    assert [(each.get("minutes_before"), each.get("at")) for each in present["reminders"]] == [
        (30, None),
        (None, "2999-11-30T08:00:00Z"),
    ]
    paper, old = tasks["Wrapping paper"], tasks["Old one"]
    assert paper["parent"] == present["title"]
    assert paper["due"] == {"date": "2999-11-30", "timezone": "Europe/Paris"}
    assert paper["priority"] == "low"
    assert (old["completed_at"], old["duration_minutes"]) == ("2025-11-01T12:00:00Z", 90)
    assert old["due"]["at"] == "2025-11-01T11:30:00Z"
    assert {(each["title"], each["skipped"]) for each in report["issues"]} == {
        ("Bad date", True),
        ("Another year", True),
    }
    assert left_out(report) == {
        "attachments": 1,
        "events and journals": 1,
        "exceptions of repetitions": 1,
    }
    again = await import_file(ada, CALENDAR, timezone="Europe/Paris")
    assert (again["tasks"]["created"], again["tasks"]["existing"]) == (0, 3)


async def test_own_calendar_feed_adds_nothing(ada: Person) -> None:
    await ada.make_task("Milk", due={"date": "2999-01-01"})
    parent = await ada.make_task("Cake", due={"at": "2999-01-01T10:00:00Z"})
    await ada.make_task("Eggs", parent_id=parent["id"])
    url = (await ada.post("calendar")).json()["url"]
    feed = await ada.http.get("/api/calendar/" + url.rpartition("/")[2])

    report = await import_file(ada, feed.content)

    assert report["tasks"]["existing"] == 3
    assert len(await tasks_of(ada)) == 3


@pytest.mark.parametrize("name", ["Home", "home"])
async def test_list_of_the_request_is_used_if_it_exists(ada: Person, name: str) -> None:
    home = await ada.make_list("Home")

    report = await import_file(ada, "title\nMilk\n", list=name)

    assert (await tasks_of(ada))[0]["list_id"] == home["id"]
    assert report["lists"]["existing"] == 1
