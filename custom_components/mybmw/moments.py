"""Moments as an owner reads them."""

from datetime import datetime

from homeassistant.util import dt as dt_util


def local_minute(moment: datetime) -> str:
    """A moment as an owner reads it in any language: the time, and the date unless it is today's."""
    local = dt_util.as_local(moment)
    date = "" if local.date() == dt_util.now().date() else f" ({local:%Y-%m-%d})"
    return f"{local:%H:%M}{date}"
