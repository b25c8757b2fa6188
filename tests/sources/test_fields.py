"""Reading a JSON object field by field."""

from datetime import UTC, date, datetime, time
from enum import Enum
from math import inf, nan

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.fields import (
    LONGEST_LIST,
    LONGEST_TEXT,
    MOST_NAMES,
    MOST_ODDITIES,
    Fields,
    Oddities,
    Tokens,
    names_of,
)


class _Light(Enum):
    RED = 1
    GREEN = 2
    UNKNOWN = 3


_LIGHTS = names_of(_Light, unknown=_Light.UNKNOWN, more={"EMERALD": _Light.GREEN})
_IS_ON = Tokens[bool | None]({"ON": True, "OFF": False}, absent=None, unlisted=None)

_NO_NUMBERS: tuple[Json, ...] = (True, "7", [7], {"value": 7}, nan, inf, -inf, 10**400, -(10**400))


@pytest.fixture
def oddities() -> Oddities:
    return {}


def _one(value: Json, oddities: Oddities) -> Fields:
    return Fields.of_answer({"it": value}, "answer", oddities)


def test_absent_fields_are_not_odd(oddities: Oddities) -> None:
    for fields in (Fields.of_answer({}, "answer", oddities), _one(None, oddities)):
        assert fields.text("it") is None
        assert fields.word("it") is None
        assert fields.texts("it") == ()
        assert fields.token("it", _LIGHTS) is _Light.UNKNOWN
        assert fields.tokens("it", _IS_ON) == ()
        assert fields.flag("it") is None
        assert fields.integer("it", range(10)) is None
        assert fields.integers("it", range(10)) == ()
        assert fields.number("it", 0, 1) is None
        assert fields.moment("it") is None
        assert fields.day("it") is None
        assert fields.clock("it") is None
        assert fields.parts("it") is None
        assert not fields.part("it")
    assert oddities == {}


@pytest.mark.parametrize("answer", [[], "text", 5, 5.5, False])
def test_an_answer_that_is_no_object_is_odd(answer: Json, oddities: Oddities) -> None:
    fields = Fields.of_answer(answer, "answer", oddities)
    assert not fields
    assert fields.text("it") is None
    assert list(oddities) == ["answer"]


def test_no_answer_is_not_odd(oddities: Oddities) -> None:
    assert not Fields.of_answer(None, "answer", oddities)
    assert oddities == {}


def test_an_object_is_true_if_it_holds_anything(oddities: Oddities) -> None:
    assert _one(None, oddities)
    assert not Fields.of_answer({}, "answer", oddities)


def test_a_path_leads_through_objects_and_lists(oddities: Oddities) -> None:
    fields = Fields.of_answer({"wheels": [{}, {"tire": {"pressure": "much"}}]}, "answer", oddities)
    wheels = fields.parts("wheels")
    assert wheels is not None
    assert [wheel.part("tire").integer("pressure", range(10)) for wheel in wheels] == [None, None]
    assert oddities == {"answer.wheels[1].tire.pressure": "a text instead of a whole number from 0 to 9"}


def test_a_field_is_noted_once(oddities: Oddities) -> None:
    fields = _one(5, oddities)
    fields.text("it")
    fields.flag("it")
    assert oddities == {"answer.it": "a number instead of a text of at most 500 characters"}


def test_no_more_is_noted_than_anyone_will_read(oddities: Oddities) -> None:
    for at in range(3):
        Fields.of_answer({str(key): 5 for key in range(50)}, f"answer{at}", oddities)
        fields = Fields.of_answer({str(key): 5 for key in range(50)}, f"answer{at}", oddities)
        for key in range(50):
            fields.flag(str(key))
    assert len(oddities) == MOST_ODDITIES


@pytest.mark.parametrize("value", ["x", "Straße\N{NO-BREAK SPACE}1\nMünchen", "x" * LONGEST_TEXT])
def test_text(value: str, oddities: Oddities) -> None:
    assert _one(value, oddities).text("it") == value
    assert oddities == {}


def test_an_empty_text_is_absent(oddities: Oddities) -> None:
    assert _one("", oddities).text("it") is None
    assert oddities == {}


@pytest.mark.parametrize("value", [5, True, ["x"], {"x": "x"}, "x" * (LONGEST_TEXT + 1), "half a pair: \ud83d"])
def test_no_text(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).text("it") is None
    assert list(oddities) == ["answer.it"]


def test_word(oddities: Oddities) -> None:
    assert _one("SUN_ROOF", oddities).word("it") == "sun_roof"
    assert _one("", oddities).word("it") is None
    assert oddities == {}


@pytest.mark.parametrize(
    "value", [5, ["X"], "Erika Mustermann", "WBA1J7C51HV123456", "HV12345", "_", "X" * 61, "X\n", "Ü"]
)
def test_no_word(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).word("it") is None
    assert list(oddities) == ["answer.it"]


def test_texts_leave_out_what_does_not_fit(oddities: Oddities) -> None:
    assert _one(["a", 5, "", None, "b"], oddities).texts("it") == ("a", "b")
    assert list(oddities) == ["answer.it[1]", "answer.it[3]"]


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("RED", _Light.RED), ("red", _Light.RED), ("Emerald", _Light.GREEN), ("unknown", _Light.UNKNOWN)],
)
def test_token(value: str, meaning: _Light, oddities: Oddities) -> None:
    assert _one(value, oddities).token("it", _LIGHTS) is meaning
    assert oddities == {}


def test_an_empty_token_is_absent(oddities: Oddities) -> None:
    assert _one("", oddities).token("it", Tokens({}, absent="absent", unlisted="unlisted")) == "absent"
    assert oddities == {}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("FLASHING_BLUE", "FLASHING_BLUE"),
        ("Erika Mustermann", "a text"),
        ("WBA00000000DEMO02", "a text"),
        ("erika", "a text"),
        ("X" * 41, "a text"),
        ("BLUE\n", "a text"),
    ],
)
def test_an_unlisted_token_is_quoted_only_if_it_can_be_nothing_else(value: str, found: str, oddities: Oddities) -> None:
    assert _one(value, oddities).token("it", _LIGHTS) is _Light.UNKNOWN
    assert oddities == {"answer.it": f"{found} instead of a token we know"}


@pytest.mark.parametrize("value", [5, True, ["RED"], {"RED": "RED"}])
def test_no_token(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).token("it", Tokens({}, absent="absent", unlisted="unlisted")) == "unlisted"
    assert list(oddities) == ["answer.it"]


def test_tokens_leave_out_what_is_not_listed(oddities: Oddities) -> None:
    assert _one(["ON", "off", "HALF", 5, "ON"], oddities).tokens("it", _IS_ON) == (True, False, True)
    assert oddities == {
        "answer.it[2]": "HALF instead of a token we know",
        "answer.it[3]": "a number instead of a token",
    }


@pytest.mark.parametrize("value", [True, False])
def test_flag(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).flag("it") is value
    assert oddities == {}


@pytest.mark.parametrize("value", [1, 0, "true", [True], {"it": True}])
def test_no_flag(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).flag("it") is None
    assert list(oddities) == ["answer.it"]


def test_flags_are_the_names_of_what_is_true(oddities: Oddities) -> None:
    fields = Fields.of_answer({"a": True, "b": False, "c": 1, "d": "true", "e": True}, "answer", oddities)
    assert fields.flags() == {"a", "e"}
    assert oddities == {}


def test_names_that_are_none_are_left_out(oddities: Oddities) -> None:
    odd = ["Erika Mustermann", "WBA1J7C51HV123456", "erika@example.org", "x" * 61, "", "-", "\ud83d"]
    flags = Fields.of_answer(dict.fromkeys([*odd, "isOn", "remote360", "_"], True), "answer", oddities)
    assert flags.flags() == {"isOn", "remote360"}
    assert oddities == {"answer.*": "8 names that are odd or too many"}
    parts = Fields.of_answer({"doorLock": {"a": 1}, "x y": {}, "horn": None}, "parts", oddities).named_parts()
    assert parts.keys() == {"doorLock", "horn"}
    assert parts["doorLock"].integer("a", range(2)) == 1
    assert oddities["parts.*"] == "1 names that are odd or too many"


def test_no_more_names_are_taken_than_a_car_can_have(oddities: Oddities) -> None:
    flags = Fields.of_answer({f"flag{number}": True for number in range(1_000)}, "answer", oddities).flags()
    assert len(flags) == MOST_NAMES
    assert oddities == {"answer.*": f"{1_000 - MOST_NAMES} names that are odd or too many"}


@pytest.mark.parametrize("value", [7, 7.0])
def test_integer(value: Json, oddities: Oddities) -> None:
    read = _one(value, oddities).integer("it", range(10))
    assert read == 7
    assert type(read) is int
    assert oddities == {}


@pytest.mark.parametrize("value", [*_NO_NUMBERS, 7.5, 10, -1, 1e300])
def test_no_integer(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).integer("it", range(10)) is None
    assert list(oddities) == ["answer.it"]


def test_integers_leave_out_what_does_not_fit(oddities: Oddities) -> None:
    assert _one([6, 7.0, "8", 99], oddities).integers("it", range(10)) == (6, 7)
    assert list(oddities) == ["answer.it[2]", "answer.it[3]"]


@pytest.mark.parametrize("value", [-90, -90.0, 0, 11.5, 90])
def test_number(value: float, oddities: Oddities) -> None:
    read = _one(value, oddities).number("it", -90, 90)
    assert read == value
    assert type(read) is float
    assert oddities == {}


@pytest.mark.parametrize("value", [*_NO_NUMBERS, 90.01, -91])
def test_no_number(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).number("it", -90, 90) is None
    assert list(oddities) == ["answer.it"]


@pytest.mark.parametrize(
    "value",
    [
        "2021-11-12T13:14:15Z",
        "2021-11-12T13:14:15.999Z",
        "2021-11-12T16:14:15+03:00",
        "2021-11-12T08:14:15.567890-05:00",
        f"2021-11-12T13:14:15.{'0' * 10_000}Z",  # so long that it is not remembered
    ],
    ids=len,
)
def test_moment(value: str, oddities: Oddities) -> None:
    for _time in range(2):  # a moment that was read before is remembered
        moment = _one(value, oddities).moment("it")
        assert moment == datetime(2021, 11, 12, 13, 14, 15, tzinfo=UTC)
        assert moment.tzinfo is UTC
        assert oddities == {}


@pytest.mark.parametrize("value", [1636722855, 1636722855.9, 1636722855999, "2021-11-12T16:14:15+03:00"])
def test_instant(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).instant("it") == datetime(2021, 11, 12, 13, 14, 15, tzinfo=UTC)
    assert oddities == {}


@pytest.mark.parametrize("value", [None, 0, 0.5, ""])
def test_an_instant_that_never_was_is_absent(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).instant("it") is None
    assert oddities == {}


@pytest.mark.parametrize("value", [True, -1, 1e300, float("nan"), float("inf"), 10**400, "soon", [1636722855]])
def test_no_instant(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).instant("it") is None
    assert list(oddities) == ["answer.it"]


@pytest.mark.parametrize("value", ["", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00.000+14:00"])
def test_a_moment_that_never_was_is_absent(value: str, oddities: Oddities) -> None:
    assert _one(value, oddities).moment("it") is None
    assert oddities == {}


@pytest.mark.parametrize(
    "value",
    [
        "2021-14-12T13:14:15Z",
        "2021-11-12T13:14:15",  # where?
        "2021-11-12",
        "9999-12-31T23:59:59-05:00",
        "1900-01-01T00:00:00Z",
        "soon",
        "2021-11-12T13:14:15Z" * 50,
        "\ud800",
        1636722855,
        True,
        ["2021-11-12T13:14:15Z"],
        {"it": "2021-11-12T13:14:15Z"},
    ],
)
def test_no_moment(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).moment("it") is None
    assert list(oddities) == ["answer.it"]


def test_day(oddities: Oddities) -> None:
    assert _one("2024-12-01T00:00:00.000Z", oddities).day("it") == date(2024, 12, 1)
    assert _one("2024-12-01T01:00:00+02:00", oddities).day("it") == date(2024, 11, 30)


def test_clock(oddities: Oddities) -> None:
    assert _one({"hour": 7, "minute": 35}, oddities).clock("it") == time(7, 35)
    assert _one("0001-01-01T07:35:00", oddities).clock("it") == time(7, 35)
    assert _one("0001-01-01T07:35:59.000", oddities).clock("it") == time(7, 35)
    assert _one({"hour": 0, "minute": 0, "second": 59}, oddities).clock("it") == time(0, 0)
    assert oddities == {}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"hour": 7},
        {"hour": 24, "minute": 0},
        {"hour": 7, "minute": 60},
        {"hour": -1, "minute": 0},
        {"hour": True, "minute": 0},
        {"hour": "7", "minute": "35"},
        "07:35",
        "2026-01-01T07:35:00",
        "0001-01-01T24:00:00",
        "0001-01-01T07:60:00",
        "0001-01-01T07:35:00Z",
        "",
        735,
        [7, 35],
    ],
)
def test_no_clock(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).clock("it") is None
    assert list(oddities) == ["answer.it"]


def test_parts_leave_out_what_is_no_object(oddities: Oddities) -> None:
    parts = _one([{"x": "a"}, None, "b", {"x": "c"}], oddities).parts("it")
    assert parts is not None
    assert [part.text("x") for part in parts] == ["a", "c"]
    assert oddities == {
        "answer.it[1]": "nothing instead of an object",
        "answer.it[2]": "a text instead of an object",
    }


def test_a_part_keeps_its_place_in_the_list(oddities: Oddities) -> None:
    parts = _one([None, {"x": 5}], oddities).parts("it")
    assert parts is not None
    parts[0].text("x")
    assert "answer.it[1].x" in oddities


def test_an_empty_list_is_not_absent(oddities: Oddities) -> None:
    assert _one([], oddities).parts("it") == []


@pytest.mark.parametrize("value", [5, "x", {"x": "x"}, True])
def test_no_list(value: Json, oddities: Oddities) -> None:
    assert _one(value, oddities).parts("it") is None
    assert _one(value, oddities).texts("it") == ()
    assert list(oddities) == ["answer.it"]


@pytest.mark.parametrize("value", [5, "x", [], True])
def test_no_part(value: Json, oddities: Oddities) -> None:
    assert not _one(value, oddities).part("it")
    assert list(oddities) == ["answer.it"]


def test_a_list_without_end_has_one(oddities: Oddities) -> None:
    assert len(_one(["x"] * 1_000_000, oddities).texts("it")) == LONGEST_LIST
    assert oddities == {"answer.it": "1000000 items, of which the first 100 are read"}
