"""Whether and how statistics go on where they ended."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .plan import Move

_LAST_FIVE_MINUTES: Final = timedelta(minutes=55)


async def async_foreign_units(hass: HomeAssistant, moves: Iterable[Move]) -> list[str]:
    """Find the entities whose statistics are kept in a unit that Home Assistant cannot convert ours to.

    All that can be converted goes on in the unit it was kept in.
    """
    if "recorder" not in hass.config.components:
        return []
    # Not before it is known to be there: it takes long to import.
    from homeassistant.components.recorder.statistics import (  # noqa: PLC0415
        STATISTIC_UNIT_TO_UNIT_CONVERTER as CONVERTERS,
        async_list_statistic_ids,
    )

    ours: Mapping[str, str | None] = {
        move["entity_id"]: state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        for move in moves
        if (state := hass.states.get(move["replaces"]))
    }
    kept = await async_list_statistic_ids(hass, set(ours))
    foreign: list[str] = []
    for statistic in kept:
        theirs, unit = statistic["statistics_unit_of_measurement"], ours[statistic["statistic_id"]]
        if theirs != unit and (theirs not in CONVERTERS or CONVERTERS[theirs] is not CONVERTERS.get(unit)):
            foreign.append(statistic["statistic_id"])
    return foreign


async def async_bridge_sums(hass: HomeAssistant, entity_ids: Collection[str]) -> None:
    """Let sums go on from their last value.

    The recorder goes on from the last of its five-minute rows, which it keeps for ten days only: after a longer silence
    it would begin at zero again. So such a sum gets one more row of that kind, a copy of its last hourly one.
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
    kept = await ask(lambda: get_metadata(hass, statistic_ids=set(entity_ids)))
    for entity_id, (_, metadata) in kept.items():
        if not metadata["has_sum"]:
            continue
        if await ask(get_last_short_term_statistics, hass, 1, entity_id, False, {"sum"}):  # noqa: FBT003 (its own order)
            continue
        last = await ask(get_last_statistics, hass, 1, entity_id, False, {"state", "sum"})  # noqa: FBT003 (likewise)
        for row in last.get(entity_id, []):
            start = dt_util.utc_from_timestamp(row["start"]) + _LAST_FIVE_MINUTES
            copy = StatisticData(start=start, state=row.get("state") or 0.0, sum=row.get("sum") or 0.0)
            recorder.async_import_statistics(metadata, [copy], StatisticsShortTerm)
