"""When a publisher flushes."""

from todochat.bus.pacer import FlushPacer


def test_burst_passes_and_later_flushes_are_spaced_out() -> None:
    pacer = FlushPacer(every_s=2.0, burst=3)

    delays = [pacer.next_delay_s(100.0) for _ in range(4)]

    assert delays == [0.0, 0.0, 0.0, 2.0]
    assert pacer.next_delay_s(102.0) == 2.0


def test_pause_makes_room_for_a_burst() -> None:
    pacer = FlushPacer(every_s=2.0, burst=3)
    for _ in range(4):
        pacer.next_delay_s(100.0)

    delays = [pacer.next_delay_s(200.0) for _ in range(4)]

    assert delays == [0.0, 0.0, 0.0, 2.0]


def test_flushes_at_the_interval_never_wait() -> None:
    pacer = FlushPacer(every_s=2.0, burst=3)

    assert [pacer.next_delay_s(100.0 + 2.0 * number) for number in range(20)] == [0.0] * 20


def test_delay_is_at_most_the_interval() -> None:
    pacer = FlushPacer(every_s=2.0, burst=3)

    assert max(pacer.next_delay_s(100.0) for _ in range(20)) == 2.0
