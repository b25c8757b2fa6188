"""Chinese coordinates."""

import pytest

from custom_components.mybmw.sources.mybmw.coordinates import wgs84_of_gcj02


@pytest.mark.parametrize(
    ("gcj02", "wgs84"),
    [
        ((39.83492, 116.23221), (39.83370, 116.22617)),  # Beijing
        ((31.2304, 121.4737), (31.23233, 121.46916)),  # Shanghai
    ],
)
def test_a_position_in_china_moves(gcj02: tuple[float, float], wgs84: tuple[float, float]) -> None:
    assert wgs84_of_gcj02(*gcj02) == pytest.approx(wgs84, abs=5e-6)


@pytest.mark.parametrize("position", [(48.177334, 11.556274), (0.0, 0.0), (-90.0, 180.0), (35.0, 137.9), (56.0, 105.0)])
def test_a_position_elsewhere_stays(position: tuple[float, float]) -> None:
    assert wgs84_of_gcj02(*position) == position


# Just inside the area where maps are shifted the true position can lie just outside, where they are not.
@pytest.mark.parametrize("position", [(35.0, 72.0041), (0.8294, 105.0), (55.827, 105.0), (35.0, 137.8346)])
def test_the_search_ends_at_the_edge_of_china(position: tuple[float, float]) -> None:
    assert wgs84_of_gcj02(*position) == pytest.approx(position, abs=0.02)
