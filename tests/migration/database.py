"""The recorder's database of somebody who had the removed integration for a year, and all that is found in it again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import (
    States,
    StatesMeta,
    Statistics,
    StatisticsBase,
    StatisticsMeta,
    StatisticsShortTerm,
)
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy import insert, select

from .leftovers import Leftovers, keep_statistics, keep_sums

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
FIVE_MINUTES: Final = timedelta(minutes=5)

_FUEL: Final = "fuel_and_battery.remaining"
_TIRES: Final = tuple(
    f"tires.{end}_{side}.{which}_pressure"
    for end in ("front", "rear")
    for side in ("left", "right")
    for which in ("current", "target")
)

MEASURED: Final[Mapping[str, tuple[str, str]]] = {
    "mileage": ("km", "distance"),
    f"{_FUEL}_battery_percent": ("%", "unitless"),
    **{f"{_FUEL}_range_{kind}": ("km", "distance") for kind in ("total", "electric", "fuel")},
    f"{_FUEL}_fuel": ("L", "volume"),
    f"{_FUEL}_fuel_percent": ("%", "unitless"),
    **dict.fromkeys(_TIRES, ("bar", "pressure")),
}
"""Unit and class of every sensor the recorder kept statistics of, by the old key; all but the mileage by their mean."""

BY_THE_HOUR: Final = frozenset({"mileage", f"{_FUEL}_battery_percent", _TIRES[0]})
"""Those that have all rows of a year and of the ten days of the short-term table; the others have one a day."""

_STATISTICS: Final = select(StatisticsMeta.statistic_id, StatisticsMeta.id)
_ENTITIES: Final = select(StatesMeta.entity_id, StatesMeta.metadata_id)

type Row = tuple[float, float | None, float | None, float | None]
type Rows = Mapping[str, Sequence[Row]]


async def keep_a_year(hass: HomeAssistant, left: Leftovers, until: datetime) -> None:
    """Fill the tables of statistics up to the hour before a moment."""
    end = until.replace(minute=0, second=0, microsecond=0) - HOUR
    begin = end - 365 * DAY
    for key, (unit, unit_class) in MEASURED.items():
        entity_id = left.entity_ids[Platform.SENSOR, key]
        if key == "mileage":
            keep_sums(hass, entity_id, [(begin, 100)], unit)
        else:
            keep_statistics(hass, entity_id, [(begin, 100)], unit, unit_class)
    await async_wait_recording_done(hass)

    def fill() -> None:
        with get_instance(hass).get_session() as session:
            numbers = {one: number for one, number in session.execute(_STATISTICS) if one}
            for key in MEASURED:
                number, is_sum = numbers[left.entity_ids[Platform.SENSOR, key]], key == "mileage"
                hourly = key in BY_THE_HOUR
                session.execute(
                    insert(Statistics), [*_rows(number, begin, end, HOUR if hourly else DAY, is_sum=is_sum)]
                )
                if hourly:
                    short = _rows(number, end - 10 * DAY, end + HOUR, FIVE_MINUTES, is_sum=is_sum)
                    session.execute(insert(StatisticsShortTerm), [*short])
            session.commit()

    await get_instance(hass).async_add_executor_job(fill)


def _rows(
    number: int, begin: datetime, end: datetime, step: timedelta, *, is_sum: bool
) -> Iterator[dict[str, float | None]]:
    """What the recorder would have written, from the second row on: the first is there."""
    for count in range(1, (end - begin) // step):
        value, at = 100 + count / 8, (begin + count * step).timestamp()
        mean, total = (None, value) if is_sum else (value, None)
        yield {
            "metadata_id": number,
            "created_ts": at,
            "start_ts": at,
            **dict.fromkeys(("mean", "min", "max"), mean),
            "state": total,
            "sum": total and total - 100,
        }


async def rows_of(hass: HomeAssistant, table: type[StatisticsBase]) -> Rows:
    """All rows of a table of statistics, by the id under which they are kept."""
    await async_wait_recording_done(hass)

    def read() -> Rows:
        found: dict[str, list[Row]] = {}
        columns = StatisticsMeta.statistic_id, table.start_ts, table.mean, table.state, table.sum
        with get_instance(hass).get_session() as session:
            chosen = select(*columns).join(StatisticsMeta, StatisticsMeta.id == table.metadata_id)
            for statistic_id, *row in session.execute(chosen.order_by(table.start_ts)):
                found.setdefault(statistic_id, []).append(tuple(row))
        return found

    return await get_instance(hass).async_add_executor_job(read)


async def numbers_of(hass: HomeAssistant) -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
    """The recorder's own numbers for statistics and for entities by their ids, and how many states each entity has."""
    await async_wait_recording_done(hass)

    def read() -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
        with get_instance(hass).get_session() as session:
            statistics = {one: number for one, number in session.execute(_STATISTICS) if one}
            entities = {one: number for one, number in session.execute(_ENTITIES) if one}
            of_states = [number for (number,) in session.execute(select(States.metadata_id))]
        return statistics, entities, {entity_id: of_states.count(number) for entity_id, number in entities.items()}

    return await get_instance(hass).async_add_executor_job(read)


async def shown_of(hass: HomeAssistant, since: datetime, entity_ids: set[str]) -> Mapping[str, int]:
    """How many hours the statistics graph of each entity has."""
    await async_wait_recording_done(hass)
    shown = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(hass, since, None, entity_ids, "hour", None, {"mean", "sum"})
    )
    return {entity_id: len(rows) for entity_id, rows in shown.items()}
