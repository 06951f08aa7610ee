"""From one list to another in announceable steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gui.models.changes import MAX_RUNS, Change, Insert, Permute, Remove, plan_changes


def applied(ids: list[str], changes: list[Change]) -> list[str]:
    rows = list(ids)
    for change in changes:
        match change:
            case Remove(first=first, last=last):
                assert 0 <= first <= last < len(rows)
                del rows[first : last + 1]
            case Insert(row=row, ids=new):
                assert 0 <= row <= len(rows)
                assert new
                rows[row:row] = new
            case Permute(ids=new):
                assert sorted(new) == sorted(rows)
                rows = list(new)
    return rows


unique_ids = st.lists(st.integers(0, 120).map(str), unique=True, max_size=100)


@given(unique_ids, unique_ids)
def test_steps_lead_from_any_list_to_any_other(old: list[str], new: list[str]) -> None:
    assert applied(old, plan_changes(old, new)) == new


@given(unique_ids)
def test_same_list_needs_no_step(ids: list[str]) -> None:
    assert plan_changes(ids, list(ids)) == []


def test_new_videos_at_the_top_are_one_insertion() -> None:
    assert plan_changes(["c", "d"], ["a", "b", "c", "d"]) == [Insert(0, ["a", "b"])]


def test_removed_rows_go_in_runs_from_the_end() -> None:
    assert plan_changes(list("abcdef"), list("adf")) == [Remove(4, 4), Remove(1, 2)]


def test_renamed_video_is_one_permutation() -> None:
    assert plan_changes(list("abcd"), list("bcda")) == [Permute(list("bcda"))]


def test_thousands_of_scattered_changes_are_few_steps() -> None:
    old = [f"{n:05}" for n in range(0, 20_000, 2)]
    new = [f"{n:05}" for n in range(20_000) if n % 4]
    changes = plan_changes(old, new)
    assert applied(old, changes) == new
    assert len(changes) <= 4


def test_up_to_the_limit_runs_are_inserted_in_place() -> None:
    old = [f"{n:03}" for n in range(0, 2 * MAX_RUNS, 2)]
    new = [f"{n:03}" for n in range(2 * MAX_RUNS)]
    assert all(isinstance(change, Insert) for change in plan_changes(old, new))
