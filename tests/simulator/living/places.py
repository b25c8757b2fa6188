"""Where the cars go: real places in and around Munich, and what stands there to charge or fill a car with."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """A charging point and its power at best; direct current charges fast."""

    kw: float
    is_dc: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place to park, in WGS-84 degrees. `road` is the junction (see roads.py) from which it is reached."""

    address: str
    latitude: float
    longitude: float
    road: str
    charger: Charger | None = None


_WALLBOX: Final = Charger(kw=11)
_CAR_PARK: Final = Charger(kw=22)
_SUPERMARKET: Final = Charger(kw=50, is_dc=True)
_MOTORWAY: Final = Charger(kw=300, is_dc=True)

HOME: Final = Place(
    address="Am Olympiapark 1, 80809 München",
    latitude=48.177334,
    longitude=11.556274,
    road="Petuelring",
    charger=_WALLBOX,
)

RESEARCH_CENTER: Final = Place(
    address="Knorrstraße 147, 80788 München", latitude=48.18952, longitude=11.57043, road="Petuelring"
)
STATION: Final = Place(address="Arnulfstraße 60, 80335 München", latitude=48.14297, longitude=11.54612, road="Mitte")
UNIVERSITY: Final = Place(
    address="Geschwister-Scholl-Platz 1, 80539 München", latitude=48.15079, longitude=11.58032, road="Schwabing"
)
GARCHING: Final = Place(
    address="Boltzmannstraße 15, 85748 Garching",
    latitude=48.26487,
    longitude=11.67132,
    road="Garching",
    charger=_CAR_PARK,
)
MALL: Final = Place(
    address="Hanauer Straße 68, 80993 München",
    latitude=48.18316,
    longitude=11.53247,
    road="Moosach",
    charger=_SUPERMARKET,
)
MARKET: Final = Place(
    address="Viktualienmarkt 3, 80331 München", latitude=48.13512, longitude=11.57628, road="Altstadt"
)
POOL: Final = Place(
    address="Heinrich-Wieland-Straße 24, 81735 München", latitude=48.11724, longitude=11.63751, road="Giesing"
)
SCHOOL: Final = Place(
    address="Nordendstraße 36, 80801 München", latitude=48.15618, longitude=11.57583, road="Schwabing"
)
AIRPORT: Final = Place(
    address="Nordallee 25, 85356 München-Flughafen",
    latitude=48.35372,
    longitude=11.78613,
    road="Flughafen",
    charger=_CAR_PARK,
)
STARNBERG: Final = Place(
    address="Bahnhofplatz 3, 82319 Starnberg", latitude=47.99642, longitude=11.34337, road="Starnberg"
)
TEGERNSEE: Final = Place(
    address="Hauptstraße 2, 83684 Tegernsee", latitude=47.71265, longitude=11.75814, road="Tegernsee"
)
GARMISCH: Final = Place(
    address="Olympiastraße 27, 82467 Garmisch-Partenkirchen",
    latitude=47.48312,
    longitude=11.11765,
    road="Garmisch",
)
AUGSBURG: Final = Place(
    address="Rathausplatz 2, 86150 Augsburg", latitude=48.36874, longitude=10.89863, road="Augsburg", charger=_CAR_PARK
)
SALZBURG: Final = Place(
    address="Mirabellplatz 4, 5020 Salzburg",
    latitude=47.80563,
    longitude=13.04342,
    road="Salzburg",
)
NUREMBERG: Final = Place(
    address="Hauptmarkt 18, 90403 Nürnberg",
    latitude=49.45388,
    longitude=11.07752,
    road="Nürnberg",
    charger=_CAR_PARK,
)

WORKSHOP: Final = Place(
    address="Frankfurter Ring 35, 80807 München", latitude=48.18834, longitude=11.57812, road="Schwabing"
)
FILLING_STATION: Final = Place(
    address="Schleißheimer Straße 270, 80809 München", latitude=48.18107, longitude=11.56611, road="Petuelring"
)
FAST_CHARGERS: Final = (
    Place(
        address="Wendling 14, 83737 Irschenberg",
        latitude=47.82834,
        longitude=11.90522,
        road="Irschenberg",
        charger=_MOTORWAY,
    ),
    Place(
        address="Rastanlage Fürholzen West, 85376 Neufahrn",
        latitude=48.35918,
        longitude=11.60847,
        road="Fürholzen",
        charger=_MOTORWAY,
    ),
    Place(
        address="An der Autobahn 2, 91171 Greding",
        latitude=49.05634,
        longitude=11.34571,
        road="Greding",
        charger=_MOTORWAY,
    ),
)
"""Where somebody stops who would not get there otherwise."""
