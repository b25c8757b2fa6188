"""Cards of Home Assistant's own, whatever they show."""

from collections.abc import Iterable, Sequence
from typing import Final

from custom_components.mybmw.sources import Json

type Card = dict[str, Json]

_WEEK_H: Final = 7 * 24


def section(*cards: Card, span: int = 1) -> Card:
    """Cards that stand together, `span` columns wide."""
    return {"type": "grid", "column_span": span, "cards": [*cards]}


def heading(title: str, icon: str) -> Card:
    """What stands above them."""
    return {"type": "heading", "heading": title, "icon": icon}


def wide(cards: Iterable[Card]) -> list[Card]:
    """The same cards, each as wide as its section."""
    return [{**card, "grid_options": {"columns": "full"}} for card in cards]


def refresh_button(button: str) -> Card:
    """What asks BMW for all cars of an account, named after the account."""
    return {
        "type": "tile",
        "entity": button,
        "name": {"type": "device"},
        "hide_state": True,  # when it was pressed
        "features": [{"type": "button", "action_name": "Refresh all cars now"}],
        "grid_options": {"columns": "full"},
    }


def map_of(entities: Sequence[str], *, rows: int = 5) -> Card:
    """Where entities are."""
    return {
        "type": "map",
        "entities": [*entities],
        "default_zoom": 13,
        "grid_options": {"columns": "full", "rows": rows},
    }


def history(curves: Sequence[Card], *, rows: int = 5) -> Card:
    """What entities have shown in a week."""
    return {
        "type": "history-graph",
        "hours_to_show": _WEEK_H,
        "entities": [*curves],
        "grid_options": {"columns": "full", "rows": rows},
    }


def per_day(curves: Sequence[Card]) -> Card:
    """By how much entities have grown on each day of a week."""
    return _statistics(curves, stat_types=["change"], period="day", chart_type="bar")


def means(curves: Sequence[Card]) -> Card:
    """What entities have shown on average in each hour of a week."""
    return _statistics(curves, stat_types=["mean"], period="hour", chart_type="line")


def _statistics(curves: Sequence[Card], *, stat_types: list[Json], period: str, chart_type: str) -> Card:
    return {
        "type": "statistics-graph",
        "days_to_show": 7,
        "stat_types": stat_types,
        "period": period,
        "chart_type": chart_type,
        "entities": [*curves],
        "grid_options": {"columns": "full", "rows": 5},
    }


def only_if_on(rows: Sequence[Card]) -> Card:
    """Those of many that tell of something."""
    return {
        "type": "entity-filter",
        "entities": [*rows],
        "conditions": [{"condition": "state", "state": "on"}],
        "card": {"type": "entities", "state_color": True},
        "show_empty": False,
    }


def if_none_is(rows: Sequence[Card]) -> Card:
    """What stands in the place of those that are on, or below them where others cannot be known."""
    return {
        "type": "markdown",
        "content": f"""\
{{%- set told = {[row["entity"] for row in rows]} | map("states") | list -%}}
{{%- if "unavailable" in told -%}}
Not all cars can be read just now. [Repairs](/config/repairs) may say why.
{{%- elif "on" not in told -%}}
Nothing.
{{%- endif -%}}""",
        "show_empty": False,
    }
