"""The launcher with real engines and stand-in services: killed, crashed, failing, told to stop."""

import os
import signal
import time
import urllib.request
from contextlib import suppress

import psutil
import pytest
from local_kit import Launch, alive, eventually, tree_of

GONE_WITHIN_S = 10


def test_everything_runs_until_it_is_told_to_stop(launch: Launch) -> None:
    process = launch.start_until_ready("ok", "engines", "ok")
    family = tree_of(process.pid)

    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0
    assert alive(family) == []
    assert not launch.data.state.exists()
    assert launch.text.rstrip().endswith("stopped")


def test_no_process_outlives_a_killed_launcher_and_the_next_start_works(launch: Launch) -> None:
    process = launch.start_until_ready("ok", "engines", "stubborn")
    family = tree_of(process.pid)
    assert len(family) > 10  # launcher, 5 guards, 5 children, PostgreSQL's own

    process.kill()

    process.wait(5)
    eventually(lambda: alive(family) == [], GONE_WITHIN_S)
    assert launch.living() == []
    launch.start_until_ready("ok", "engines")


def test_the_next_start_waits_for_what_a_killed_launcher_left(launch: Launch) -> None:
    first = launch.start_until_ready("ok", "stubborn")
    family = tree_of(first.pid)
    first.kill()
    first.wait(5)

    second = launch.start_until_ready("ok")

    assert "waiting for the processes of an earlier start to stop" in launch.text
    assert alive(family) == []
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0


@pytest.mark.parametrize(
    "milestone",
    [
        pytest.param("run/valkey.pid", marks=pytest.mark.slow),
        "postgres.new",
        pytest.param("run/postgres.pid", marks=pytest.mark.slow),
    ],
)
def test_a_launcher_killed_while_it_starts_leaves_nothing(launch: Launch, milestone: str) -> None:
    process = launch.start("ok", "engines")
    eventually(lambda: launch.has(milestone), 30)
    family = tree_of(process.pid)

    process.kill()

    process.wait(5)
    eventually(lambda: alive(family) == [] and launch.living() == [], GONE_WITHIN_S)
    again = launch.start_until_ready("ok", "engines")
    again.send_signal(signal.SIGTERM)
    assert again.wait(20) == 0


def test_leftovers_without_a_guard_are_ended_by_the_next_start(launch: Launch) -> None:
    process = launch.start_until_ready("ok", "ok")
    service, guards = (
        psutil.Process(launch.pid_of("service-1")),
        psutil.Process(process.pid).children(),
    )
    for guard in guards:
        guard.suspend()  # or it would see the launcher's end and do its work
    process.kill()
    for guard in guards:
        guard.kill()
    process.wait(5)
    eventually(lambda: alive(guards) == [])
    assert alive([service])

    launch.start_until_ready("ok", "ok")

    assert f"ended service-1 of an earlier start (process {service.pid})" in launch.text
    assert not alive([service])


def test_a_process_that_has_only_the_pid_of_a_leftover_is_left_alone(launch: Launch) -> None:
    process = launch.start_until_ready("ok")
    record = launch.data.run / "service-1.pid"
    _, stop_signal, start = record.read_text().split()
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    record.write_text(f"{os.getpid()} {stop_signal} {start}\n")

    launch.start_until_ready("ok")

    assert "of an earlier start" not in launch.text  # and this test is still here to say so


def test_a_service_that_cannot_start_stops_the_launch_with_its_last_lines(launch: Launch) -> None:
    process = launch.start("ok", "exit", "engines")

    assert process.wait(30) == 1
    assert "service-2 ended at once (exit code 1)" in launch.text
    assert "    setting STAND_IN_COURAGE is required" in launch.text
    assert "hint: correct that environment variable" in launch.text
    assert launch.living() == []


def test_a_service_that_never_gets_ready_stops_the_launch(launch: Launch) -> None:
    process = launch.start("hang")

    assert process.wait(30) == 1
    assert "service-1 was not ready within 1 s: /health/ready answers nothing" in launch.text
    assert launch.living() == []


def test_a_second_signal_does_not_wait_for_a_stubborn_process(launch: Launch) -> None:
    process = launch.start_until_ready("stubborn")
    process.send_signal(signal.SIGINT)
    eventually(lambda: "stopping" in launch.text)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0
    assert launch.living() == []


def test_a_folder_with_other_things_is_refused(launch: Launch) -> None:
    launch.data.path.mkdir()
    (launch.data.path / "thesis.txt").write_text("years of work")

    process = launch.start("ok")

    assert process.wait(10) == 1
    assert "holds files that are not todochat's" in launch.text


def test_a_service_that_runs_but_does_not_answer_is_restarted(launch: Launch) -> None:
    launch.start_until_ready("stall", "ok")
    before = launch.pid_of("service-1"), launch.pid_of("service-2")
    with suppress(TimeoutError):
        urllib.request.urlopen(f"{launch.url_of('service-1')}/stall", timeout=0.1)

    # It ignores its stop signal, and its grace would be 30 s.
    eventually(lambda: launch.pid_of("service-1") not in {0, before[0]}, 25)

    assert "service-1 failed 3 liveness checks in a row" in launch.text
    assert "service-1 ended (signal 9); starting it again in 0.5 s" in launch.text
    assert launch.pid_of("service-2") == before[1]


@pytest.mark.slow
def test_a_machine_that_slept_restarts_nothing(launch: Launch) -> None:
    process = launch.start_until_ready("stall")
    family = tree_of(process.pid)
    before = launch.pid_of("service-1")
    asked = launch.text.count("path=/health/live")
    for member in family:
        member.suspend()
    time.sleep(4)  # longer than three checks take

    for member in reversed(family):
        member.resume()

    eventually(lambda: launch.text.count("path=/health/live") > asked + 2)
    assert launch.pid_of("service-1") == before
    assert "liveness" not in launch.text


@pytest.mark.slow
def test_a_service_that_is_slow_for_a_moment_is_left_alone(launch: Launch) -> None:
    launch.start_until_ready("stall")
    service = psutil.Process(launch.pid_of("service-1"))
    asked = launch.text.count("path=/health/live")
    service.suspend()
    time.sleep(1.5)  # one check fails

    service.resume()

    eventually(lambda: launch.text.count("path=/health/live") > asked + 2)
    assert launch.pid_of("service-1") == service.pid
