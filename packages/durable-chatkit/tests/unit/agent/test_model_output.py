"""Arguments of tool calls are repaired for the SDK's parser."""

import json

import pytest

from durable_chatkit.agent.model_output import MAX_DEPTH, make_parseable


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "not JSON",
        '{"title": "Buy \\u00e4pfel \\ud83d\\ude00"}',
        '{"title": "C:\\\\ud800"}',
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        json.dumps({"title": "[{" * 500}),
        json.dumps({"title": '\\"' + "[" * 500 + "\\"}),
        json.dumps([[]] * 500),
    ],
    ids=lambda text: text[:20],
)
def test_parseable_arguments_are_unchanged(arguments: str) -> None:
    assert make_parseable(arguments) == arguments


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_deep_nesting_is_cut_to_malformed_json(opening: str) -> None:
    cut = make_parseable(opening * 100_000)

    assert cut.count("[") + cut.count("{") == MAX_DEPTH
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)


def test_lone_surrogates_become_replacement_characters() -> None:
    arguments = r'{"title": "a\ud800b", "tags": ["\udc00\ud83d\ude00"]}'

    assert json.loads(make_parseable(arguments)) == {
        "title": "a\ufffdb",
        "tags": ["\ufffd\U0001f600"],
    }
