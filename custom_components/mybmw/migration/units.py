"""Whether statistics go on in the unit they were kept in."""

from collections.abc import Iterable, Mapping

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant

from .plan import Move


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
