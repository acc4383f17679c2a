"""A run keeps its promises over every interleaving, and the model detects intentional bugs."""

import pytest

from formal.run_model import Bug, RunModel, State, explore

# Enough for each bug to show; the whole space would only take longer.
SMALL = State(crashes=1, pauses=1, flushes=0)
WHOLE = State(crashes=2, pauses=1, flushes=1)


@pytest.mark.slow
def test_two_crashes_a_pause_and_a_flush_break_no_promise() -> None:
    found = explore(RunModel(), WHOLE)

    assert found.broken is None, "\n".join(found.broken)
    assert found.states > 100_000


@pytest.mark.parametrize(
    ("bug", "start", "broken"),
    [
        ("append-unfenced", WHOLE, "frame 1 went out after frame 200"),
        ("claim-keeps-meta", SMALL, "the run never ends"),
        ("claim-trusts-older", WHOLE, "frame 1 went out after frame 1"),
        ("claim-unchecked", WHOLE, "frame 1 went out after frame 1"),
        ("journal-unfenced", SMALL, "the answer was saved twice"),
        ("effect-unfenced", SMALL, "a worker that lost the run changed a task"),
        ("effect-without-key", SMALL, "the effect was made twice"),
        ("no-jump", WHOLE, "frame 2 went out after frame 2"),
        ("jump-forgets-attempt", WHOLE, "frame 101 went out after frame 101"),
        ("tool-before-answer-saved", SMALL, "a tool worked for an answer that may never have been"),
        ("ended-not-claimable", SMALL, "the run never ends"),
        ("leftovers-kept", SMALL, "an unfinished response remains beside its repetition"),
    ],
)
def test_intentional_bug_is_found(bug: Bug, start: State, broken: str) -> None:
    found = explore(RunModel(bug), start)

    assert found.broken is not None
    assert found.broken[-1] == broken
