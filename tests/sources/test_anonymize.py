"""What is personal does not survive; what is not does."""

import json
import string
import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.anonymize import Anonymizer
from tests.recorded import RECORDED_CARS, RecordedCar

VIN_CHARACTERS = "".join(sorted(set(string.ascii_uppercase + string.digits) - set("IOQ")))

VINS = st.builds(
    "".join,
    st.tuples(st.text(VIN_CHARACTERS, min_size=12, max_size=12), st.text(string.digits, min_size=5, max_size=5)),
)
"""Real numbers end with at least five digits."""

EMAILS = st.emails().filter(lambda email: not set(email) & set("\"'<>,;:/?&= "))

SECRETS = VINS | EMAILS


def hidden_in(documents: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Documents of all shapes with these texts in keys, in values and in lists, alone or among others."""
    texts = documents | st.builds("{} {}-{}".format, st.text(max_size=10), documents, st.text(max_size=10)) | st.text()
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
    )


@given(data=st.data())
@settings(deadline=None)
def test_no_identification_number_and_no_address_survives(data: st.DataObject) -> None:
    secrets = data.draw(st.lists(SECRETS, min_size=1, max_size=3))
    document = data.draw(hidden_in(st.sampled_from(secrets)))
    text = json.dumps(Anonymizer()(document), ensure_ascii=False)
    assert not [secret for secret in secrets if secret in text]


@given(
    vin=VINS, before=st.text(string.ascii_letters + string.digits), after=st.text(string.ascii_letters + string.digits)
)
def test_a_number_run_together_with_something_does_not_survive(vin: str, before: str, after: str) -> None:
    text = json.dumps(Anonymizer()({f"{before}-{vin}{after}": f"{before}{vin}{after}"}))
    assert vin not in text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("xyz_ .-7", max_size=16),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("xyz_"), inner),
    )
)
def test_everything_else_survives(document: Json) -> None:
    assert Anonymizer()(document) == document


def test_the_same_number_gets_the_same_replacement_everywhere() -> None:
    anonymous = Anonymizer()
    first, second = "WBA1J7C51HV123456", "WMW1J7C51HV654321"
    assert anonymous({"vin": first, "path": f"/vehicles/{second}/state", first: [second]}) == {
        "vin": "WBA0FINGERPRINT01",
        "path": "/vehicles/WMW0FINGERPRINT02/state",
        "WBA0FINGERPRINT01": ["WMW0FINGERPRINT02"],
    }
    assert anonymous(second.lower()) == "WMW0FINGERPRINT02"
    assert anonymous([first]) == ["WBA0FINGERPRINT01"]


@pytest.mark.parametrize("car", RECORDED_CARS.values(), ids=RECORDED_CARS)
def test_recorded_cars_are_made_anonymous(car: RecordedCar) -> None:
    text = json.dumps(Anonymizer()([car.vin, car.profile, car.state, car.charging]))
    assert car.vin not in text
    assert "48.17" not in text
    assert "11.55" not in text


def test_what_is_personal_is_replaced_by_its_key() -> None:
    anonymous = Anonymizer()(
        {
            "location": {
                "coordinates": {"latitude": 48.1, "longitude": 11.5},
                "address": {"formatted": "Road 1, Town", "line": ["Road 1"], "isValid": True, "country": None},
                "heading": 5,
            },
            "position": {"lat": 48.1, "lng": 11.5},
            "geo": {"coordinates": [11.5, 48.1]},
            "formattedAddress": "Road 1, Town",
            "licensePlate": "M-XY 1",
            "gcid": "ceb64158-d2ca-47e9-9ee6-cbffb881434e",
            "Postal-Code": 12345,
            "userName": "Owner",
            "name": {"first": "Anna"},
            "subtitle": "Road 1 • 2h",
        }
    )
    assert anonymous == {
        "location": {
            "coordinates": {"latitude": 12.3456, "longitude": 34.5678},
            "address": {"formatted": "some_address", "line": ["some_address"], "isValid": True, "country": None},
            "heading": 123,
        },
        "position": {"lat": 12.3456, "lng": 34.5678},
        "geo": {"coordinates": [12.3456, 12.3456]},
        "formattedAddress": "some_address",
        "licensePlate": "some_license_plate",
        "gcid": "some_id",
        "Postal-Code": "some_postal_code",
        "userName": "some_name",
        "name": {"first": "some_name"},
        "subtitle": "some_subtitle",
    }


def test_mail_addresses_go_from_any_text() -> None:
    assert Anonymizer()(["to Anna.B+c@example.com, or b@d.org!", "Anna.B+c@example.com"]) == [
        "to someone01@example.invalid, or someone02@example.invalid",
        "someone01@example.invalid",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "CONDUCTIVE",
        "FINISHED_FULLY_CHARGED",
        "UNSUPPORTEDCONNECTIONTYPE",
        "2023-01-04T14:57:06Z",
        "com.bmwgroup.driversguide.row",
        "07/2021.70",
        "S21A",
        4285537312,
        -0.5,
        None,
        True,
    ],
)
def test_what_says_nothing_of_the_owner_stays(value: Json) -> None:
    assert Anonymizer()({"isRemoteParkingEes25Active": value}) == {"isRemoteParkingEes25Active": value}


def test_nothing_is_shown_that_stands_too_deep() -> None:
    document: Json = "WBA1J7C51HV123456"
    for _ in range(1020):
        document = [document]
    assert "WBA" not in json.dumps(Anonymizer()(document))


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a1" * 500_000, "A" * 999_999 + "@", "@" * 1_000_000])
def test_long_texts_take_no_time(text: str) -> None:
    begun = time.process_time()
    Anonymizer()([text, {text: None}])
    assert time.process_time() - begun < 2
