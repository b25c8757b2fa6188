"""The files around the code keep their word: manifest, HACS, artwork, workflows, quality scale, scripts, documents."""

from collections.abc import Iterator
import json
import os
from pathlib import Path
import re
import subprocess
import tomllib
from typing import Final

from homeassistant.util.yaml import parse_yaml
from PIL import Image
import pytest

from custom_components.mybmw.sources import registry

REPOSITORY: Final = Path(__file__).parents[1]
INTEGRATION: Final = REPOSITORY / "custom_components" / "mybmw"
WORKFLOWS: Final = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
SCRIPTS: Final = [*filter(Path.is_file, sorted((REPOSITORY / "scripts").iterdir())), REPOSITORY / ".ci" / "run"]
FORMS: Final = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))

REQUIRED_IN_MANIFEST: Final = {
    "domain",
    "name",
    "codeowners",
    "config_flow",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "requirements",
    "version",
}

# Home Assistant's rules for pictures: an icon is square, a logo's shorter side 128 to 256 pixels; "@2x" doubles that.
BRAND_SIZES: Final = {
    "icon.png": (256, 256),
    "icon@2x.png": (512, 512),
    "logo.png": (576, 256),
    "logo@2x.png": (1152, 512),
    "dark_logo.png": (576, 256),
    "dark_logo@2x.png": (1152, 512),
}

# https://contributors.home-assistant.io, "Integration quality scale"
# Written in pieces, so that this file does not name them either.
REGISTRY_HOSTS: Final = [
    ".".join(labels).encode()
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
    )
]


def read_json(path: Path) -> dict[str, object]:
    """The object a JSON file holds."""
    content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return content


def files_of_the_project() -> list[Path]:
    """Everything that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 (git is on the PATH)
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def documents() -> list[Path]:
    """All Markdown files."""
    return [path for path in files_of_the_project() if path.suffix == ".md"]


def relative(path: Path) -> str:
    """The name of a file, to be read in a test report."""
    return path.relative_to(REPOSITORY).as_posix()


def anchors(document: Path) -> set[str]:
    """The headings of a document, the way GitHub makes link targets of them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def paths_named_in(text: str) -> Iterator[str]:
    """The files and folders that a text puts in backticks."""
    yield from re.findall(r"`([\w.@/-]+?)::test_\w+`", text)
    yield from re.findall(r"`([\w.@/-]+(?:/|\.(?:json|md|py|svg|toml|yaml|yml)))`", text)
    yield from re.findall(r"`((?:scripts|tests|docs|\.github|\.ci)/[\w./-]+)`", text)


def missing_of(names: Iterator[str]) -> set[str]:
    """The names that exist neither in the repository nor in the integration's folder."""
    return {name for name in names if not (REPOSITORY / name).exists() and not (INTEGRATION / name).exists()}


def test_manifest_has_what_is_required_in_the_order_that_is_required() -> None:
    manifest = read_json(INTEGRATION / "manifest.json")
    keys = list(manifest)

    assert set(keys) >= REQUIRED_IN_MANIFEST
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_says_what_is_true() -> None:
    manifest = read_json(INTEGRATION / "manifest.json")

    assert manifest["domain"] == INTEGRATION.name
    assert manifest["config_flow"] is True
    # Home Assistant has one class for all accounts; that an update "might be noticed later" is to hold for each.
    assert (manifest["integration_type"], manifest["iot_class"]) == ("hub", "cloud_polling")
    assert manifest["requirements"] == ["aiomqtt==2.5.1"], "all else is what Home Assistant brings"
    assert manifest["loggers"] == [f"custom_components.{INTEGRATION.name}"]
    assert manifest["issue_tracker"] == f"{manifest['documentation']}/issues"


def test_there_is_one_version() -> None:
    version = read_json(INTEGRATION / "manifest.json")["version"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert version == project["version"]
    assert version == next(change for change in changes if change != "Unreleased")


def test_hacs_finds_the_zip_that_a_release_makes() -> None:
    hacs = read_json(REPOSITORY / "hacs.json")
    release = (REPOSITORY / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")

    assert set(hacs) == {"name", "homeassistant", "zip_release", "filename"}
    assert hacs["name"] == read_json(INTEGRATION / "manifest.json")["name"]
    assert hacs["homeassistant"] == "2026.10.0"
    assert hacs["zip_release"] is True
    assert f"--output={hacs['filename']}" in release
    assert f'gh release upload "$TAG" {hacs["filename"]}' in release


def test_license_is_the_one_that_is_declared() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")

    assert project["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_brand_holds_the_pictures_that_home_assistant_looks_for() -> None:
    assert {path.name for path in (INTEGRATION / "brand").iterdir()} == set(BRAND_SIZES)


@pytest.mark.parametrize("name", BRAND_SIZES)
def test_brand_picture(name: str) -> None:
    with Image.open(INTEGRATION / "brand" / name) as image:
        assert image.format == "PNG"
        assert image.mode == "RGBA"
        assert image.size == BRAND_SIZES[name]
        alpha = image.getchannel("A")
        assert alpha.getbbox() == (0, 0, *image.size), "it is to be cut to the edge of what is drawn"
        assert alpha.getextrema() == (0, 255), "its background is to be transparent"


def test_dark_logo_differs_from_the_light_one() -> None:
    with (
        Image.open(INTEGRATION / "brand" / "logo.png") as light,
        Image.open(INTEGRATION / "brand" / "dark_logo.png") as dark,
    ):
        assert light.tobytes() != dark.tobytes()


@pytest.mark.parametrize("path", [*WORKFLOWS, *FORMS, REPOSITORY / ".github" / "dependabot.yml"], ids=relative)
def test_yaml_is_readable(path: Path) -> None:
    assert isinstance(parse_yaml(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=relative)
def test_workflow_asks_for_its_rights_and_pins_its_actions(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    actions = re.findall(r"uses: (\S+)@(\S+)", text)

    assert re.search(r"^permissions:", text, re.MULTILINE)
    assert actions
    for action, version in actions:
        follows_the_rules_of_the_day = (action, version) in {
            ("hacs/action", "main"),
            ("home-assistant/actions/hassfest", "master"),
        }
        assert follows_the_rules_of_the_day or re.fullmatch(r"v\d+", version), action


@pytest.mark.parametrize("path", [*WORKFLOWS, REPOSITORY / ".ci" / "run"], ids=relative)
def test_what_a_workflow_runs_exists(path: Path) -> None:
    named = re.findall(r"(?<![\w/.])(?:scripts|tests|custom_components)/[\w./-]+", path.read_text(encoding="utf-8"))

    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


@pytest.mark.parametrize("path", [path for path in FORMS if path.name != "config.yml"], ids=relative)
def test_issue_forms_ask_for_what_helps_and_warn_of_what_harms(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert {"diagnostics", "region"} <= set(re.findall(r"^    id: (\S+)$", text, re.MULTILINE))
    assert re.search(r"^    id: versions?$", text, re.MULTILINE)
    assert "**never post a VIN, a password, a token" in text
    assert ("id: source" in text) == (len(registry._SOURCES) > 1), "nobody is asked for a source that there is not"


@pytest.mark.parametrize("path", SCRIPTS, ids=relative)
def test_script_can_be_run_and_says_what_it_does(path: Path) -> None:
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]

    assert os.access(path, os.X_OK)
    assert first.startswith("#!/usr/bin/env ")
    assert second.startswith(("# ", '"""'))


def test_no_file_names_a_package_registry() -> None:
    named = [
        (relative(path), host.decode())
        for path in files_of_the_project()
        for content in [path.read_bytes().lower()]
        for host in REGISTRY_HOSTS
        if host in content
    ]

    assert named == []


@pytest.mark.parametrize("document", documents(), ids=relative)
def test_links_of_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text(encoding="utf-8"))

    for target in targets:
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_links_into_the_readme_lead_to_a_chapter() -> None:
    home = read_json(INTEGRATION / "manifest.json")["documentation"]
    linked = {
        (relative(path), anchor.decode())
        for path in files_of_the_project()
        for anchor in re.findall(rf"{home}#([\w-]+)".encode(), path.read_bytes())
    }

    assert linked, "the repair issues and the issue forms link to it"
    assert {(name, anchor) for name, anchor in linked if anchor not in anchors(REPOSITORY / "README.md")} == set()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_rooms_that_documents_name_exist(name: str) -> None:
    named = list(paths_named_in((REPOSITORY / name).read_text(encoding="utf-8")))

    assert named
    assert missing_of(iter(named)) == set()


def test_every_room_is_on_the_plan() -> None:
    plan = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [*INTEGRATION.glob("*.py"), *INTEGRATION.glob("sources/*.py"), *INTEGRATION.glob("sources/*/__init__.py")]
    named = {room.removesuffix("/") for room in paths_named_in(plan)}

    for room in rooms:
        inside = room.relative_to(INTEGRATION)
        name = inside.parent if inside.name == "__init__.py" and inside.parent.name else inside
        assert name.as_posix() in named, name
