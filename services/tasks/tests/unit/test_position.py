"""Fractional keys: always room in between, the order of ASCII, and no key twice."""

from hypothesis import given
from hypothesis import strategies as st

from tasks_service.domain.position import default_position, position_between, spread_positions


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=120))
def test_keys_between_any_two_neighbours_keep_the_order(inserts: list[tuple[int, bool]]) -> None:
    keys = [default_position(7)]
    for index, hugs_the_end in inserts:
        place = len(keys) if hugs_the_end else index % (len(keys) + 1)
        low = keys[place - 1] if place else ""
        high = keys[place] if place < len(keys) else default_position(8)
        keys.insert(place, position_between(low, high))

    assert keys == sorted(set(keys))
    assert not [key for key in keys if key.endswith("0")]
    assert keys[-1] < default_position(8)


def test_a_hundred_moves_to_the_same_place_lengthen_a_key_by_a_sixth_of_that() -> None:
    high = default_position(2)
    for _ in range(100):
        high = position_between(default_position(1), high)

    assert len(high) <= len(default_position(1)) + 100 / 5


@given(st.integers(0, 3000), st.integers(1, 2**31 - 1))
def test_spread_keys_are_short_and_below_the_next_tasks_default(count: int, number: int) -> None:
    keys = spread_positions("", default_position(number), count)

    assert keys == sorted(set(keys))
    assert len(keys) == count
    assert all(key < default_position(number) and len(key) <= 16 for key in keys)


def test_default_order_is_the_order_of_the_numbers() -> None:
    numbers = [1, 9, 10, 99, 100, 2**31 - 1]

    assert sorted(numbers, key=default_position) == numbers
