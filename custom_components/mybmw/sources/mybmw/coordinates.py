"""From the coordinates that Chinese law demands of maps (GCJ-02) to those of the rest of the world (WGS-84).

GCJ-02 shifts every position in China by some hundred meters. The shift is a function of the WGS-84 position, known from
many public reimplementations; BMW's cloud for China speaks GCJ-02
(github.com/bimmerconnected/bimmer_connected issue 377).
"""

from math import cos, pi, radians, sin, sqrt
from typing import Final

# The Krasovsky 1940 ellipsoid: its semi-major axis in meters and its squared eccentricity.
_AXIS_M: Final = 6378245.0
_FLATTENING: Final = 1 / 298.3
_ECCENTRICITY_2: Final = 2 * _FLATTENING - _FLATTENING**2

# Where the shift applies, and the point its formula counts from, in degrees.
_SOUTH, _NORTH = 0.8293, 55.8271
_WEST, _EAST = 72.004, 137.8347
_ORIGIN_LATITUDE, _ORIGIN_LONGITUDE = 35.0, 105.0

_CLOSE_ENOUGH_DEG: Final = 1e-6  # a tenth of a meter
_DIGITS: Final = 6
_MOST_STEPS: Final = 10  # four are usual; at the edge of the area the search would not end


def wgs84_of_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """The WGS-84 latitude and longitude of a GCJ-02 position, in degrees."""
    north, east = latitude, longitude
    for _ in range(_MOST_STEPS):
        shift_north, shift_east = _shift(north, east)
        next_north, next_east = latitude - shift_north, longitude - shift_east
        step = max(abs(next_north - north), abs(next_east - east))
        north, east = next_north, next_east
        if step < _CLOSE_ENOUGH_DEG:
            break
    return round(north, _DIGITS), round(east, _DIGITS)


def gcj02_of_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """The GCJ-02 latitude and longitude of a WGS-84 position, in degrees."""
    north, east = _shift(latitude, longitude)
    return round(latitude + north, _DIGITS), round(longitude + east, _DIGITS)


def _shift(latitude: float, longitude: float) -> tuple[float, float]:
    """How far GCJ-02 moves a WGS-84 position to the north and to the east, in degrees."""
    if not (_SOUTH <= latitude <= _NORTH and _WEST <= longitude <= _EAST):
        return 0.0, 0.0
    x, y = longitude - _ORIGIN_LONGITUDE, latitude - _ORIGIN_LATITUDE
    north_m = (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * sqrt(abs(x))
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    )
    east_m = (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * sqrt(abs(x))
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    )
    flatness = 1 - _ECCENTRICITY_2 * sin(radians(latitude)) ** 2
    meters_per_radian_north = _AXIS_M * (1 - _ECCENTRICITY_2) / flatness**1.5
    meters_per_radian_east = _AXIS_M / sqrt(flatness) * cos(radians(latitude))
    return north_m / meters_per_radian_north * 180 / pi, east_m / meters_per_radian_east * 180 / pi


def _waves(at: float, *waves: tuple[float, float]) -> float:
    """The sum of sine waves, each given by its height and how many half turns it makes per degree."""
    return sum(height * sin(turns * at * pi) for height, turns in waves) * 2 / 3
