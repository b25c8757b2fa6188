"""Places are read from what an owner types."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.places import position_in
from custom_components.mybmw.vehicle import InvalidCommandError, Position


@pytest.mark.parametrize(
    "text",
    [
        "48.1772, 11.5594",
        "48.1772,11.5594",
        " 48.1772 11.5594\n",
        "48.1772;11.5594",
        "geo:48.1772,11.5594",
        "GEO:48.1772,11.5594,520;u=35?q=48.1772,11.5594(BMW)",
    ],
)
def test_degrees_are_a_place(text: str) -> None:
    assert position_in(text) == Position(latitude=48.1772, longitude=11.5594)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Petuelring 130, 80809 München",
        "48.1772",
        "48,1772, 11,5594",
        "48.1772, 11.5594, 12",
        "48.1772, 11.5594 is where I am",
        "geo:0 0",
        "1e1, 2",
        "\N{ARABIC-INDIC DIGIT FOUR}8, 11",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert position_in(text) is None


@pytest.mark.parametrize("text", ["91, 0", "0, 181", "geo:-90.1,0"])
def test_a_place_that_is_not_on_earth(text: str) -> None:
    with pytest.raises(InvalidCommandError):
        position_in(text)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_can_be_written(latitude: float, longitude: float) -> None:
    place = position_in(f"{latitude:.6f}, {longitude:.6f}")
    assert place
    assert place.latitude == pytest.approx(latitude, abs=1e-6)
    assert place.longitude == pytest.approx(longitude, abs=1e-6)
