"""What is claimed is shown: each rule of the quality scale, and what stands against each threat."""

from collections.abc import Iterable, Iterator, Mapping
import re
from typing import Final

from homeassistant.util.yaml import parse_yaml
import pytest

from .test_repository import INTEGRATION, REPOSITORY, anchors, missing_of, paths_named_in, read_json

BRONZE: Final = {
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
}
SILVER: Final = {
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
}
GOLD: Final = {
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
}
PLATINUM: Final = {"async-dependency", "inject-websession", "strict-typing"}
SHOWN_BY_TESTS: Final = {
    "config-entry-unloading",
    "dynamic-devices",
    "entity-unavailable",
    "log-when-unavailable",
    "reauthentication-flow",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "test-before-setup",
    "unique-config-entry",
}
RULES: Final = BRONZE | SILVER | GOLD | PLATINUM


def named_tests(text: str) -> Iterator[tuple[str, str]]:
    """The tests that a text puts in backticks, by file and name."""
    yield from re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)


def missing_tests(named: Iterable[tuple[str, str]]) -> list[str]:
    """Those that do not exist."""
    return [f"{path}::{test}" for path, test in named if f"def {test}(" not in source_of(path)]


def source_of(path: str) -> str:
    """What stands in a file; nothing, if there is none."""
    file = REPOSITORY / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def quality_scale() -> Mapping[str, tuple[str, str]]:
    """Status and comment by rule."""
    content = parse_yaml((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    rules: dict[str, dict[str, str]] = content["rules"]
    return {rule: (entry["status"], entry["comment"]) for rule, entry in rules.items()}


def test_quality_scale_speaks_of_every_rule() -> None:
    scale = quality_scale()

    assert len(RULES) == 54
    assert set(scale) == RULES
    assert {status for status, _ in scale.values()} <= {"done", "exempt", "todo"}
    assert [rule for rule, (_, comment) in scale.items() if not comment.strip()] == []


def test_quality_scale_is_platinum() -> None:
    """No rule is still to be kept, and only what cannot be there is left out."""
    scale = quality_scale()

    assert [rule for rule, (status, _) in scale.items() if status == "todo"] == []
    exempt = {rule for rule, (status, _) in scale.items() if status == "exempt"}
    assert exempt == {"discovery", "discovery-update-info", "docs-conditions", "docs-triggers"}
    manifest = read_json(INTEGRATION / "manifest.json")
    assert manifest.keys().isdisjoint({"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"})
    assert [name for name in ("triggers.yaml", "conditions.yaml") if (INTEGRATION / name).exists()] == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_quality_scale_names_evidence_that_exists(rule: str) -> None:
    """Each rule names a file, or a chapter of the README as `README.md#its-heading`."""
    _, comment = quality_scale()[rule]
    chapters = set(re.findall(r"`README\.md#([\w-]+)`", comment))
    files = list(paths_named_in(comment))

    assert chapters or files, f"nothing proves {rule}"
    assert missing_of(iter(files)) == set()
    assert chapters <= anchors(REPOSITORY / "README.md")


def test_quality_scale_names_tests_that_exist() -> None:
    """And how a rule is kept that only a test can show, is shown by tests."""
    shown_by = {rule: list(named_tests(comment)) for rule, (_, comment) in quality_scale().items()}
    assert {rule: missing for rule, tests in shown_by.items() if (missing := missing_tests(tests))} == {}
    assert [rule for rule in SHOWN_BY_TESTS if not shown_by[rule]] == []


def test_what_stands_against_a_threat_is_shown_by_tests_that_exist() -> None:
    document = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| Threat \|.*\n\| ---.*\n((?:\|.*\n)+)", document, re.MULTILINE)
    shown_by = {row: list(named_tests(row)) for table in tables for row in table.splitlines()}

    assert len(tables) > 6
    assert [row for row, tests in shown_by.items() if not tests] == []
    assert missing_tests(named_tests(document)) == []
