"""Signing in: what is asked for, and what comes of it."""

import json
import re

import pytest

from custom_components.mybmw.cli.arguments import parse
from custom_components.mybmw.cli.exits import Exit
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator

from .terminal import CAPTCHA, Terminal


async def test_all_is_asked_for_and_the_captcha_is_explained(stranger: Terminal) -> None:
    stranger.answers = [DEMO_USERNAMES["row"], "rest_of_world", DEMO_PASSWORD, f" {CAPTCHA} \n"]
    assert await stranger.type("login") is Exit.DONE, stranger.err
    assert stranger.asked == [
        "Username: ",
        "Region (north_america, rest_of_world, china): ",
        "Password: ",
        "Captcha token: ",
    ]
    assert "solve the captcha, and copy the text it shows" in stranger.err
    assert "captcha/rest_of_world.html" in stranger.err
    assert not stranger.out
    assert await stranger.type("status") is Exit.DONE


@pytest.mark.parametrize(
    ("environment", "answers", "says"),
    [
        ({}, [], "Username is needed: set MYBMW_USERNAME, or run this in a terminal"),
        ({"MYBMW_USERNAME": "x@example.com"}, [""], "is needed"),
        ({"MYBMW_USERNAME": "x@example.com"}, ["mars"], "There is no such region"),
        ({"MYBMW_USERNAME": "x@example.com", "MYBMW_REGION": "china"}, [], "set MYBMW_PASSWORD"),
    ],
)
async def test_what_is_missing_is_told(
    two_cars_cloud: Simulator, stranger: Terminal, environment: dict[str, str], answers: list[str], says: str
) -> None:
    stranger.environment |= environment
    stranger.answers = answers
    assert await stranger.type("login") is Exit.USAGE
    assert says in stranger.err
    assert not two_cars_cloud.requests


async def test_a_wrong_password_spoils_nothing(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    before = terminal.store.read_text()
    terminal.environment |= {"MYBMW_PASSWORD": "wrong-word", "MYBMW_CAPTCHA_TOKEN": "P1_second"}
    typed = ("login", "--username", DEMO_USERNAMES["row"], "--region", "rest_of_world")
    assert await terminal.type(*typed) is Exit.SIGN_IN
    assert "BMW refused the sign-in" in terminal.err
    assert "wrong-word" not in terminal.everything_shown
    assert terminal.store.read_text() == before
    assert await terminal.type("status") is Exit.DONE
    two_cars_cloud.faults.append(Fault(path="oauth", status=489, body="Blocked"))
    assert await terminal.type(*typed) is Exit.NOT_ALLOWED
    assert json.loads(terminal.store.read_text())["pause"]["refusal"] == "blocked"


async def test_each_attempt_comes_from_the_same_copy_of_the_app(stranger: Terminal) -> None:
    stranger.environment |= {"MYBMW_PASSWORD": "wrong-word", "MYBMW_CAPTCHA_TOKEN": "P1_first"}
    assert await stranger.type("login", "--username", "demo@example.com", "--region", "rest_of_world") is Exit.SIGN_IN
    build = json.loads(stranger.store.read_text())["credentials"]["build"]
    assert await stranger.type("status") is Exit.SIGN_IN
    await stranger.log_in()
    assert json.loads(stranger.store.read_text())["credentials"]["build"] == build


async def test_who_signs_in_anew_is_asked_about_at_once(two_cars_cloud: Simulator, terminal: Terminal) -> None:
    two_cars_cloud.faults.append(Fault(path="/eadrax-vcs", status=489, body="Blocked"))
    assert await terminal.type("status") is Exit.NOT_ALLOWED
    two_cars_cloud.faults.clear()
    assert await terminal.type("status") is Exit.NOT_ALLOWED
    terminal.environment |= {"MYBMW_PASSWORD": DEMO_PASSWORD, "MYBMW_CAPTCHA_TOKEN": "P1_again"}
    typed = ("login", "--username", DEMO_USERNAMES["row"], "--region", "rest_of_world")
    assert await terminal.type(*typed) is Exit.DONE
    assert await terminal.type("status") is Exit.DONE


async def test_settings_that_make_no_sense_are_told(terminal: Terminal) -> None:
    kept = json.loads(terminal.store.read_text())
    kept["settings"]["region"] = "mars"
    terminal.store.write_text(json.dumps(kept))
    assert await terminal.type("status") is Exit.STORE
    assert "settings of the account cannot be used" in terminal.err


def test_no_secret_can_be_typed_where_other_people_of_the_machine_can_read_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands behind a command is in the list of processes; secrets are asked for or in the environment."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        parse(["login", "--help"])
    options = re.findall(r"--[\w-]+", capsys.readouterr().out)
    assert "--username" in options
    assert [option for option in options if re.search("pass|token|captcha|secret|code", option)] == []
    for option in ("--password", "--captcha-token"):
        with pytest.raises(SystemExit):
            parse(["login", option, "x"])
