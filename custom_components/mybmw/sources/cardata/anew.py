"""What is forgotten at a new sign-in: that BMW refused something. The owner may have put that right.

Who signs in needs this without the rooms that write these pages: they know all that a car can say, and are large.
"""

from collections.abc import Callable, Mapping
from typing import Final

from .. import Json
from .memory import Page

type _Tidy = Callable[[Mapping[str, Json]], dict[str, Json]]


def _cars(page: Mapping[str, Json]) -> dict[str, Json]:
    """As if nobody had asked for the cars, or about any of them, in vain; nor been told that there is none."""
    is_in_vain = page.get("failures") or page.get("none_since")
    anew = _without(page, "failures", "refused_by", "due_at") if is_in_vain else dict(page)
    if isinstance(cars := page.get("cars"), dict):
        anew["cars"] = {
            vin: _without(kept, "failures", "tried_at", "basic_failures", "basic_at")
            if isinstance(kept, dict)
            else kept
            for vin, kept in cars.items()
        }
    return anew


def _container(page: Mapping[str, Json]) -> dict[str, Json]:
    """As if no container had been refused."""
    return _without(page, "tried")


def _without(page: Mapping[str, Json], *names: str) -> dict[str, Json]:
    return {name: value for name, value in page.items() if name not in names}


TO_TRY_ANEW: Final[Mapping[Page, _Tidy]] = {Page.CARS: _cars, Page.CONTAINER: _container}
"""What remains of the pages that tell of refusals."""
