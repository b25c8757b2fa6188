"""Whatever BMW sends, a car comes of it, and what is broken stays where it is.

The recorded answers are mutated in every way that comes to mind: fields dropped, values swapped or of another type,
nesting cut or added, lists without end.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.fields import MOST_ODDITIES
from custom_components.mybmw.sources.mybmw.build import Answers, Lasting, build_vehicle, vins_of
from custom_components.mybmw.vehicle import Vehicle
from tests.fuzz.junk import NESTED, NUMBERS, WORDS, Change, Path, at, changed, deep, without
from tests.recorded import RECORDED_CARS

from .answers import recorded_answers
from .dependents import DEPENDENTS
from .soundness import changed_parts, misfits

STEADY: Final = settings(derandomize=True, database=None, deadline=None)

PERSONAL: Final = (
    *(car.vin for car in RECORDED_CARS.values()),
    "Erika Mustermann",
    "erika@example.org",
    "M-AB 1234",
    "Am Olympiapark 1, 80809 München",
    "48.177334",
)
RECORDED: Final = {
    folder: {"profile": car.profile, "state": car.state, "charging": car.charging}
    for folder, car in RECORDED_CARS.items()
}


ANYTHING: Final[tuple[Json, ...]] = (None, True, False, *NUMBERS, *WORDS, *PERSONAL, *NESTED, deep(2_000))
JUNK: Final[st.SearchStrategy[Json]] = st.one_of(
    st.sampled_from(ANYTHING),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dictionaries(st.sampled_from(PERSONAL), st.sampled_from(PERSONAL), max_size=3),
)


def _paths(json: Json, path: Path = ()) -> Iterator[Path]:
    """The way to every value of a document, the document itself included."""
    yield path
    items: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(json, dict):
        items = iter(json.items())
    elif isinstance(json, list):
        items = iter(enumerate(json))
    for key, value in items:
        yield from _paths(value, (*path, key))


@cache
def _paths_of(folder: str, under: Path = ()) -> tuple[Path, ...]:
    return tuple(path for path in _paths(RECORDED[folder]) if path[: len(under)] == under)


def _replaced(path: Path, value: Json) -> Change:
    return lambda json: changed(json, path, lambda _: value)


@st.composite
def mutations(draw: st.DrawFn, folder: str, under: Path = ()) -> Change:
    """One way to spoil the answers about a car, somewhere under a path."""
    path = draw(st.sampled_from(_paths_of(folder, under) or (under,)))
    other = draw(st.sampled_from(_paths_of(draw(st.sampled_from(sorted(RECORDED))))))
    stranger = at(RECORDED[draw(st.sampled_from(sorted(RECORDED)))], other)
    junk = draw(JUNK)
    changes: tuple[Change, ...] = (
        lambda _: junk,
        lambda _: stranger,
        lambda value: [value],
        lambda value: {"value": value},
        lambda value: [value] * 1_000,
        lambda value: next(iter(value.values()), None) if isinstance(value, dict) else value,
        lambda value: value[0] if isinstance(value, list) and value else str(value)[:50],
    )
    if len(path) > len(under) and draw(st.booleans()):
        return lambda json: changed(json, path[:-1], without(path[-1]))
    change = draw(st.sampled_from(changes))
    return lambda json: changed(json, path, change)


def _spoiled(folder: str, *ways: Change) -> Answers:
    answers: Json = RECORDED[folder]
    for way in ways:
        answers = way(answers)
    profile, state, charging = (at(answers, (name,)) for name in ("profile", "state", "charging"))
    return replace(recorded_answers(RECORDED_CARS[folder]), profile=profile, state=state, charging=charging)


@st.composite
def spoiled_answers(draw: st.DrawFn) -> Answers:
    folder = draw(st.sampled_from(sorted(RECORDED)))
    return _spoiled(folder, *draw(st.lists(mutations(folder), min_size=1, max_size=4)))


def test_every_value_can_be_anything() -> None:
    """One value after another, in the first car that has it and in the first item of each list."""
    places = {
        path: folder
        for folder in reversed(RECORDED)
        for path in _paths_of(folder)
        if all(key == 0 for key in path if isinstance(key, int))
    }
    whole = {folder: build_vehicle(_spoiled(folder)) for folder in RECORDED}
    for path, folder in places.items():
        if build_vehicle(_spoiled(folder, _replaced(path, [1.5]))).oddities:  # it is read
            for value in ANYTHING:
                car = build_vehicle(_spoiled(folder, _replaced(path, value)))
                assert misfits(car, changed_parts(whole[folder], car)) == []
                assert _personal(car) == []


@st.composite
def histories(draw: st.DrawFn) -> list[Answers]:
    """Answers about one car that become worse and worse, and are well again in the end."""
    folder = draw(st.sampled_from(sorted(RECORDED)))
    ways = draw(st.lists(mutations(folder), min_size=1, max_size=3))
    return [*(_spoiled(folder, *ways[:number]) for number in range(len(ways) + 1)), _spoiled(folder)]


@given(histories())
@settings(STEADY, max_examples=100)
def test_what_was_made_before_makes_no_difference(history: list[Answers]) -> None:
    lasting = Lasting()
    for answers in history:
        car, made_anew = build_vehicle(answers, lasting=lasting), build_vehicle(answers)
        assert car == made_anew
        assert set(car.oddities) == set(made_anew.oddities)


@given(spoiled_answers(), st.booleans())
@settings(STEADY, max_examples=800)
def test_a_car_comes_of_whatever_bmw_sends(answers: Answers, in_china: bool) -> None:  # noqa: FBT001 (drawn)
    car = build_vehicle(answers, in_china=in_china)
    again = build_vehicle(answers, in_china=in_china)
    assert car == again
    assert car.oddities == again.oddities
    assert misfits(car) == []
    _use(car)


@given(spoiled_answers())
@settings(STEADY, max_examples=500)
def test_oddities_are_few_and_short_and_tell_nothing_personal(answers: Answers) -> None:
    car = build_vehicle(answers)
    oddities = car.oddities
    assert _personal(car) == []
    assert len(oddities) <= MOST_ODDITIES
    assert len({oddity.path for oddity in oddities}) == len(oddities)
    assert all(oddity.path.partition(".")[0] in {"profile", "state", "charging"} for oddity in oddities)
    assert all(len(oddity.path) + len(oddity.problem) < 200 for oddity in oddities)


@given(JUNK)
@settings(STEADY, max_examples=200)
def test_every_list_of_cars_can_be_read(junk: Json) -> None:
    answers: tuple[Json, ...] = (
        junk,
        {"mappingInfos": junk},
        {"mappingInfos": [junk]},
        {"mappingInfos": [{"vin": junk}]},
    )
    for answer in answers:
        assert all(len(vin) == 17 for vin in vins_of(answer))


def test_no_part_of_the_recorded_answers_is_forgotten() -> None:
    parts = {("profile",): 2, ("state",): 2, ("state", "state"): 3, ("charging",): 1}
    recorded = {
        path
        for folder in RECORDED
        for under, length in parts.items()
        for path in _paths_of(folder, under)
        if len(path) == length
    }
    assert recorded - {("state", "state")} <= DEPENDENTS.keys()


@given(st.data())
@settings(STEADY, max_examples=800)
def test_what_is_broken_stays_where_it_is(data: st.DataObject) -> None:
    folder = data.draw(st.sampled_from(sorted(RECORDED)))
    under = data.draw(st.sampled_from(sorted(DEPENDENTS)))
    stranger = at(RECORDED[data.draw(st.sampled_from(sorted(RECORDED)))], under)
    junk = data.draw(JUNK)
    way = data.draw(
        st.one_of(
            mutations(folder, under),
            st.sampled_from((_replaced(under, stranger), _replaced(under, junk))),
        )
    )
    whole, broken = build_vehicle(_spoiled(folder)), build_vehicle(_spoiled(folder, way))
    assert changed_parts(whole, broken) <= DEPENDENTS[under]


@pytest.mark.parametrize("part", sorted(path for path, dependents in DEPENDENTS.items() if dependents))
def test_each_part_of_the_answers_is_read(part: Path) -> None:
    """What is said to depend on a part really does, so that the table above cannot allow too much."""
    changed: set[str] = set()
    for folder in RECORDED:
        for before in (_same, _unreported):
            whole = build_vehicle(_spoiled(folder, before))
            for value in (None, True, *(at(RECORDED[other], part) for other in RECORDED)):
                broken = build_vehicle(_spoiled(folder, before, _replaced(part, value)))
                changed |= changed_parts(whole, broken)
    assert changed == DEPENDENTS[part]


def _same(json: Json) -> Json:
    return json


def _unreported(json: Json) -> Json:
    """The answers about a car that never reported: the only one whose age is that of BMW's last look at it."""
    return changed(json, ("state", "state"), without("lastUpdatedAt"))


def _personal(car: Vehicle) -> list[str]:
    """What the oddities of a car give away about its owner."""
    told = "\n".join(f"{oddity.path}: {oddity.problem}" for oddity in car.oddities)
    return [value for value in PERSONAL if value in told]


def _use(car: Vehicle) -> None:
    """Ask a car everything it can answer by itself."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert car.settled(car) == car
    assert car.name
    start = car.next_charging_start(now)
    assert start is None or start > now
    for answer in (
        car.body.is_any_lid_open,
        car.body.is_any_window_open,
        car.maintenance.is_service_required,
        car.maintenance.has_urgent_message,
        car.tires and car.tires.has_warning,
    ):
        assert answer in (None, True, False)
    for service in (car.maintenance.next_by_date, car.maintenance.next_by_distance):
        assert service is None or service in (car.maintenance.services or ())
    assert str(car.identity.software)
