"""Who goes where, at which stage."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.errors import ConfigError
from pipelines_client.message.build import Message
from pipelines_client.routing.cohorts import Aliases, hash_id, in_cohort
from pipelines_client.routing.plan import LegRules, Names, Plan, Stage, stage_for
from pipelines_client.sides import CUSTOMERIO, SEGMENT

BOTH = (CUSTOMERIO, SEGMENT)


def message(identity: str = "user:u1", event: str = "E", kind: str = "track") -> Message:
    return Message(
        "m", kind, event, "u1", None, identity, "2026-11-02T09:30:00.000Z", "2026-11-02T09:30:00.000Z", b"{}", "h"
    )


@pytest.mark.parametrize(
    ("stage", "share", "skipped", "counts"),
    [
        (Stage.SEGMENT, 1.0, {CUSTOMERIO: "stage"}, SEGMENT),
        (Stage.SHADOW, 0.0, {CUSTOMERIO: "cohort"}, SEGMENT),
        (Stage.SHADOW, 1.0, {}, SEGMENT),
        (Stage.DUAL, 0.0, {}, SEGMENT),
        (Stage.LIVE, 0.0, {SEGMENT: "cohort"}, CUSTOMERIO),
        (Stage.LIVE, 1.0, {}, CUSTOMERIO),
        (Stage.COMPLETE, 1.0, {SEGMENT: "stage"}, CUSTOMERIO),
    ],
)
def test_each_stage_has_its_legs_and_the_one_that_counts(
    stage: Stage, share: float, skipped: dict[str, str], counts: str
) -> None:
    """The table of stages."""
    plan = Plan(stage, BOTH, dict.fromkeys(BOTH, LegRules(share)))
    assert plan.route(message(), {}) == skipped
    assert plan.authoritative == counts


def test_the_keys_imply_a_stage_and_a_stage_needs_its_key() -> None:
    """Both keys: dual. One: complete."""
    assert stage_for(None, legs=BOTH) is Stage.DUAL
    assert stage_for(None, legs=(CUSTOMERIO,)) is Stage.COMPLETE
    with pytest.raises(ConfigError):
        stage_for(Stage.LIVE, legs=(CUSTOMERIO,))


def test_only_tracks_are_commands() -> None:
    """A page of that name is a page."""
    plan = Plan(Stage.DUAL, BOTH)
    assert plan.route(message(event="User Deleted"), {}) == {CUSTOMERIO: "reserved_name"}
    assert plan.route(message(event="User Deleted", kind="page"), {}) == {}
    assert plan.route(message(event="user deleted"), {}) == {}


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_in_a_small_share_is_in_a_larger_one(name: str, one: float, other: float) -> None:
    """Raising the share moves people in and nobody out."""
    small, large = sorted((one, other))
    if in_cohort(f"user:{name}", share=small, salt="s"):
        assert in_cohort(f"user:{name}", share=large, salt="s")


@given(st.text(min_size=1), st.floats(0, 1), st.text())
def test_an_id_is_in_one_cohort_whatever_it_is_the_id_of(name: str, share: float, salt: str) -> None:
    """An anonymous id that becomes a user's, or a previous id, takes its cohort along."""
    kinds = (f"user:{name}", f"anonymous:{name}", f"group:{name}")
    assert len({in_cohort(identity, share=share, salt=salt) for identity in kinds}) == 1


def is_binomial(count: int, of: int, share: float) -> bool:
    """Say whether a count is within five standard deviations of its share."""
    return abs(count - of * share) <= 5 * (of * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("share", [0.01, 0.25, 0.9])
@pytest.mark.parametrize("form", ["user:{}", "user:{:08x}-0000-4000-8000-000000000000", "anonymous:kim+{}@example.com"])
def test_a_share_is_a_share_and_another_salt_picks_others(share: float, form: str) -> None:
    """Of 20,000 people, within the bounds of chance; and of those, again the share with another salt."""
    people = [form.format(n) for n in range(20_000)]
    chosen = [p for p in people if in_cohort(p, share=share, salt="a")]
    again = [p for p in chosen if in_cohort(p, share=share, salt="b")]
    assert is_binomial(len(chosen), len(people), share)
    assert is_binomial(len(again), len(chosen), share)


def test_a_share_of_people_with_aliases_is_that_share_of_people() -> None:
    """Each of 5,000 has three ids: a person counts once, and is in or out with all of them."""
    aliases = Aliases()
    people = [[f"user:{n}", f"anonymous:a{n}", f"user:old-{n}"] for n in range(5_000)]
    for first, second, third in people:
        aliases.pair(hash_id(second), hash_id(first))
        aliases.pair(hash_id(third), hash_id(first))
    cohorts = [{in_cohort(id_, share=0.3, salt="s", aliases=aliases) for id_ in ids} for ids in people]
    assert all(len(cohort) == 1 for cohort in cohorts)
    assert is_binomial(cohorts.count({True}), len(people), 0.3)


PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


@given(PAIRS, st.floats(0, 1), st.text(max_size=4))
def test_an_alias_keeps_both_ids_in_one_cohort_whatever_comes_after(
    pairs: list[tuple[int, int]], share: float, salt: str
) -> None:
    """Chains, circles, two old ids of one person, two people who turn out to be one."""
    aliases = Aliases()
    for previous, user in pairs:
        aliases.pair(hash_id(f"user:{previous}"), hash_id(f"user:{user}"))
    for previous, user in pairs:
        ids = (f"anonymous:{previous}", f"user:{user}")
        assert len({in_cohort(id_, share=share, salt=salt, aliases=aliases) for id_ in ids}) == 1


def test_a_new_id_joins_the_cohort_of_the_old_one_and_a_new_device_that_of_its_person() -> None:
    """Nobody who was known already moves: not the visitor who signs up, nor the user who comes with another device."""
    aliases = Aliases()
    visitor, user, renamed, device = (hash_id(f"user:{name}") for name in ("visitor", "kim", "kim2", "device"))
    aliases.pair(visitor, user)
    aliases.pair(device, user)
    aliases.pair(user, renamed)
    assert {aliases.head(id_) for id_ in (visitor, user, renamed, device)} == {visitor}


def test_an_alias_itself_goes_where_its_previous_id_is() -> None:
    """Its own two ids may still be in different cohorts when it is sent."""
    inside = next(f"u{n}" for n in range(99) if in_cohort(f"user:u{n}", share=0.5, salt=""))
    outside = next(f"u{n}" for n in range(99) if not in_cohort(f"user:u{n}", share=0.5, salt=""))
    plan = Plan(Stage.SHADOW, BOTH, {CUSTOMERIO: LegRules(0.5)})
    assert plan.route(message(f"user:{outside}", kind="alias"), {"previousId": inside}) == {}
    assert plan.route(message(f"user:{inside}", kind="alias"), {"previousId": outside}) == {CUSTOMERIO: "cohort"}


NAMES = st.sampled_from(["a", "b", "c"])
LIST = st.builds(Names, st.frozensets(NAMES), st.frozensets(NAMES), st.frozensets(NAMES))
RULES = st.builds(LegRules, st.floats(0, 1), LIST, LIST)


@given(st.sampled_from(Stage), RULES, RULES, NAMES, NAMES, NAMES)
def test_what_no_list_denies_goes_where_the_stage_says(
    stage: Stage, customerio: LegRules, segment: LegRules, event: str, user: str, tenant: str
) -> None:
    """The leg that counts takes everything else; a leg that the stage leaves out takes nothing, whatever is allowed."""
    plan = Plan(stage, BOTH, {CUSTOMERIO: customerio, SEGMENT: segment})
    call = {"context": {"groupId": tenant}}
    skips = plan.route(message(f"user:{user}", event)._replace(user_id=user), call)
    for leg, rules in plan.rules.items():
        is_denied = event in rules.deny.events or user in rules.deny.ids or tenant in rules.deny.tenants
        is_allowed = event in rules.allow.events or user in rules.allow.ids or tenant in rules.allow.tenants
        if leg == stage.left_out:
            assert skips[leg] == "stage"
        elif is_denied:
            assert skips[leg] == "denied"
        elif is_allowed or leg != stage.partial:
            assert leg not in skips
        else:
            assert (skips.get(leg) == "cohort") == (not in_cohort(f"user:{user}", share=rules.share, salt=""))


def test_the_stages_lead_into_each_other_each_way() -> None:
    """One step on and one back is where it was; there is nothing before the first and after the last."""
    assert [stage.moved(1) for stage in Stage] == [*list(Stage)[1:], None]
    assert [stage.moved(-1) for stage in Stage] == [None, *list(Stage)[:-1]]


def test_a_cohort_is_the_same_in_every_process() -> None:
    """Not Python's own hash, which differs from process to process."""
    script = (
        "from pipelines_client.routing.cohorts import in_cohort;"
        "print([n for n in range(200) if in_cohort(f'user:{n}', share=0.3, salt='x')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([n for n in range(200) if in_cohort(f"user:{n}", share=0.3, salt="x")])
