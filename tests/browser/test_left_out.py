"""Where there is no Chromium, the browser tests are left out, somebody says so, and nothing else suffers."""

import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def program(path: Path, *lines: str) -> None:
    """Write a program for the shell."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Everything that a machine without Chromium and without a network can run, for one who may install."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "dirname"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    program(programs / "id", "echo 0")
    program(programs / "apt-get", "echo unable to connect >&2", "exit 100")
    return programs


def test_the_browser_tests_say_that_they_are_left_out(machine: Path) -> None:
    tests = [str(Path(__file__).with_name(name)) for name in ("test_browser.py", "test_doors.py")]
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    run = subprocess.run(  # noqa: S603 (nothing in it is foreign)
        command, cwd=REPOSITORY, env=os.environ | {"PATH": str(machine)}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "there is no Chromium (Debian: apt install chromium)" in run.stdout
    assert "3 skipped" in run.stdout
    assert "passed" not in run.stdout


def ci(machine: Path, tmp_path: Path) -> str:
    """What .ci/run says, with scripts that only tell that they were run."""
    repository = tmp_path / "repository"
    for script in ("lint", "test"):
        (repository / "scripts").mkdir(parents=True, exist_ok=True)
        program(repository / "scripts" / script, f"echo {script}")
    (repository / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci" / "run", repository / ".ci" / "run")
    environment = {"PATH": str(machine)}
    command = repository / ".ci" / "run"
    return subprocess.check_output([command], cwd=tmp_path, env=environment, text=True)  # noqa: S603 (our own script)


def test_ci_goes_on_without_chromium(machine: Path, tmp_path: Path) -> None:
    assert ci(machine, tmp_path).splitlines() == [
        "ci: no chromium, and no way to install it; the browser tests are left out",
        "lint",
        "test",
    ]


def test_ci_installs_chromium(machine: Path, tmp_path: Path) -> None:
    program(machine / "apt-get", "")
    assert ci(machine, tmp_path).splitlines() == ["ci: installed chromium for the browser tests", "lint", "test"]


@pytest.mark.parametrize("browser", BROWSERS)
def test_ci_takes_the_browser_that_is_there(browser: str, machine: Path, tmp_path: Path) -> None:
    program(machine / browser)
    assert ci(machine, tmp_path).splitlines() == ["lint", "test"]
