"""Whether and how statistics go on where they ended."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.enum import try_parse_enum

from .plan import Move

_FIVE_MINUTES: Final = timedelta(minutes=5)


class DatabaseError(HomeAssistantError):
    """The recorder's database does not answer, as when it is locked or Home Assistant is going down."""


async def async_ending_statistics(hass: HomeAssistant, moves: Iterable[Move]) -> list[str]:
    """Find the entities whose statistics cannot go on, as Home Assistant keeps none of ours, or of another kind.

    Those in a unit that ours can be converted to go on in that unit.

    Raises:
        DatabaseError: Nobody knows just now.
    """
    if "recorder" not in hass.config.components:
        return []
    # Not before it is known to be there: it takes long to import.
    from homeassistant.components.recorder.statistics import (  # noqa: PLC0415
        STATISTIC_UNIT_TO_UNIT_CONVERTER as CONVERTERS,
        async_list_statistic_ids,
    )
    from homeassistant.components.sensor import ATTR_STATE_CLASS, SensorStateClass  # noqa: PLC0415 (likewise)
    from homeassistant.components.sensor.recorder import DEFAULT_STATISTICS  # noqa: PLC0415 (likewise)

    registry = er.async_get(hass)  # which knows those as well that are disabled so far
    ours = {move["entity_id"]: entity for move in moves if (entity := registry.async_get(move["replaces"]))}
    with _asking():
        kept = await async_list_statistic_ids(hass, set(ours))
    ending: list[str] = []
    for statistic in kept:
        entity = ours[statistic["statistic_id"]]
        theirs, unit = statistic["statistics_unit_of_measurement"], entity.unit_of_measurement
        can_convert = theirs == unit or (theirs in CONVERTERS and CONVERTERS[theirs] is CONVERTERS.get(unit))
        state_class = try_parse_enum(SensorStateClass, (entity.capabilities or {}).get(ATTR_STATE_CLASS))
        kind = DEFAULT_STATISTICS[state_class] if state_class else None
        is_mean_kept = kind and kind.mean_type is statistic["mean_type"]
        is_sum_kept = kind and ("sum" in kind.types) is statistic["has_sum"]
        if not (can_convert and is_mean_kept and is_sum_kept):
            ending.append(statistic["statistic_id"])
    return ending


async def async_bridge_sums(hass: HomeAssistant, entity_ids: Collection[str]) -> None:
    """Let sums go on from their last value.

    The recorder goes on from the last of its five-minute rows, which it keeps for ten days only: after a longer silence
    it would begin at zero again. So each sum gets one more row of that kind, a copy of its last one, for the last full
    five minutes: no purge takes that away before the car has had ten days to report.

    Raises:
        DatabaseError: It could not be done.
    """
    if "recorder" not in hass.config.components:
        return
    from homeassistant.components.recorder import get_instance  # noqa: PLC0415 (as above)
    from homeassistant.components.recorder.db_schema import StatisticsShortTerm  # noqa: PLC0415 (as above)
    from homeassistant.components.recorder.models import StatisticData  # noqa: PLC0415 (as above)
    from homeassistant.components.recorder.statistics import (  # noqa: PLC0415 (as above)
        get_last_short_term_statistics,
        get_last_statistics,
        get_metadata,
    )

    recorder = get_instance(hass)
    ask = recorder.async_add_executor_job
    now = dt_util.utcnow()
    start = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0) - _FIVE_MINUTES
    with _asking():
        kept = await ask(lambda: get_metadata(hass, statistic_ids=set(entity_ids)))
        for entity_id, (_, metadata) in kept.items():
            if not metadata["has_sum"]:
                continue
            is_converted, kinds = False, {"state", "sum"}
            hourly = await ask(get_last_statistics, hass, 1, entity_id, is_converted, kinds)
            short = await ask(get_last_short_term_statistics, hass, 1, entity_id, is_converted, kinds)
            rows = [*hourly.get(entity_id, []), *short.get(entity_id, [])]
            last = max(rows, key=lambda row: row["end"], default=None)
            if last and last["start"] < start.timestamp():
                copy = StatisticData(start=start, state=last.get("state") or 0.0, sum=last.get("sum") or 0.0)
                recorder.async_import_statistics(metadata, [copy], StatisticsShortTerm)


@contextmanager
def _asking() -> Iterator[None]:
    """Ask the database, which may raise its own errors, or that it takes no more questions."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (comes with the recorder)

    try:
        yield
    except (SQLAlchemyError, RuntimeError) as err:
        message = "The recorder's database does not answer"
        raise DatabaseError(message) from err
