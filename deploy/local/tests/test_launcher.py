"""The launcher with real engines and fake services: kills, crashes, failures, stop signals."""

import os
import re
import signal
import time
import urllib.request
from contextlib import suppress

import psutil
import pytest
from local_kit import Launch, alive, eventually, tree_of

GONE_WITHIN_S = 10


def test_stack_runs_until_a_stop_signal(launch: Launch) -> None:
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
    assert len(family) > 7  # launcher, guard, 5 children, PostgreSQL's own

    process.kill()

    process.wait(5)
    eventually(lambda: alive(family) == [], GONE_WITHIN_S)
    assert launch.living() == []
    launch.start_until_ready("ok", "engines")


def test_next_start_waits_for_the_processes_of_a_killed_launcher(launch: Launch) -> None:
    first = launch.start_until_ready("ok", "stubborn")
    family = tree_of(first.pid)
    first.kill()
    first.wait(5)

    second = launch.start_until_ready("ok")

    assert "waiting for the processes of an earlier start to end" in launch.text
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
def test_launcher_killed_during_its_start_leaves_no_process(launch: Launch, milestone: str) -> None:
    process = launch.start("ok", "engines")
    eventually(lambda: launch.has(milestone), 30)
    family = tree_of(process.pid)

    process.kill()

    process.wait(5)
    eventually(lambda: alive(family) == [] and launch.living() == [], GONE_WITHIN_S)
    again = launch.start_until_ready("ok", "engines")
    again.send_signal(signal.SIGTERM)
    assert again.wait(20) == 0


def test_next_start_ends_leftovers_without_the_guard(launch: Launch) -> None:
    process = launch.start_until_ready("ok", "ok")
    service = psutil.Process(launch.pid_of("service-1"))
    [guard] = psutil.Process(process.pid).children()
    guard.suspend()  # or it would see the launcher's end and do its work
    process.kill()
    guard.kill()
    process.wait(5)
    eventually(lambda: alive([guard]) == [])
    assert alive([service])

    launch.start_until_ready("ok", "ok")

    assert f"ended service-1 of an earlier start (process {service.pid})" in launch.text
    assert not alive([service])


def test_process_with_a_reused_pid_is_not_ended(launch: Launch) -> None:
    process = launch.start_until_ready("ok")
    record = launch.data.run / "service-1.pid"
    _, stop_signal, start = record.read_text().split()
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    record.write_text(f"{os.getpid()} {stop_signal} {start}\n")

    launch.start_until_ready("ok")

    assert "of an earlier start" not in launch.text  # and this process is still running


def test_failing_service_stops_the_launch_and_prints_its_last_lines(launch: Launch) -> None:
    process = launch.start("ok", "exit", "engines")

    assert process.wait(30) == 1
    assert "service-2 ended before it was ready (exit code 1)" in launch.text
    assert "    setting FAKE_SETTING is required" in launch.text
    assert "hint: correct that environment variable" in launch.text
    assert launch.living() == []


def test_service_that_is_never_ready_stops_the_launch(launch: Launch) -> None:
    process = launch.start("hang")

    assert process.wait(30) == 1
    assert "service-1 was not ready within 1 s: /health/ready returned no response" in launch.text
    assert launch.living() == []


def test_second_stop_signal_kills_remaining_processes(launch: Launch) -> None:
    process = launch.start_until_ready("stubborn")
    process.send_signal(signal.SIGINT)
    eventually(lambda: "stopping" in launch.text)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0
    assert launch.living() == []


def test_folder_with_other_files_is_rejected(launch: Launch) -> None:
    launch.data.path.mkdir()
    (launch.data.path / "thesis.txt").write_text("years of work")

    process = launch.start("ok")

    assert process.wait(10) == 1
    assert "holds files that are not todochat's" in launch.text


def test_stalled_service_is_restarted(launch: Launch) -> None:
    launch.start_until_ready("stall", "ok")
    before = launch.pid_of("service-1"), launch.pid_of("service-2")
    with suppress(TimeoutError):
        urllib.request.urlopen(f"{launch.url_of('service-1')}/stall", timeout=0.1)

    # It ignores its stop signal, and its grace period is 30 s.
    eventually(lambda: launch.pid_of("service-1") not in {0, before[0]}, 25)

    assert "service-1 failed 3 liveness checks in a row" in launch.text
    assert "service-1 ended (signal 9); restarting it in 0.5 s" in launch.text
    assert launch.pid_of("service-2") == before[1]


def test_restart_delay_grows_up_to_its_limit(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TODOCHAT_MAX_RESTART_DELAY_S", "0.75")
    launch.start_until_ready("ok")

    pids = {0}
    for _ in range(3):
        pids.add(pid := launch.pid_of("service-1"))
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: launch.pid_of("service-1") not in pids)

    delays = re.findall(r"service-1 ended \(signal 9\); restarting it in (\S+) s", launch.text)
    assert delays == ["0.5", "0.75", "0.75"]


def test_restart_delay_must_be_a_number(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODOCHAT_MAX_RESTART_DELAY_S", "soon")

    assert launch.start("ok").wait(10) == 1
    assert "TODOCHAT_MAX_RESTART_DELAY_S=soon is no number of seconds" in launch.text


@pytest.mark.slow
def test_suspended_machine_restarts_no_service(launch: Launch) -> None:
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
def test_briefly_slow_service_is_not_restarted(launch: Launch) -> None:
    launch.start_until_ready("stall")
    service = psutil.Process(launch.pid_of("service-1"))
    asked = launch.text.count("path=/health/live")
    service.suspend()
    time.sleep(1.5)  # one check fails

    service.resume()

    eventually(lambda: launch.text.count("path=/health/live") > asked + 2)
    assert launch.pid_of("service-1") == service.pid
