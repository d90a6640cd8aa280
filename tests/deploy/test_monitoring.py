"""The alerts and the dashboard ask for metrics that exist, and the page for operators explains all of them."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import metrics
from tests.support.paths import ROOT

ALERTS, DASHBOARD = ROOT / "deploy" / "alerts.yml", ROOT / "deploy" / "grafana.json"
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
CASES = Path(__file__).with_name("alerts.test.yml")
_NAME = re.compile(r"\b(?:paperboy|process)_\w+")
_LABELS = re.compile(r"\{(.*?)\}")
_SUFFIXES = {"counter": "_total", "info": "_info"}
_HISTOGRAM = re.compile(r"_(?:bucket|count|sum)$")


def list_rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def list_panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return panels


def list_expressions() -> list[str]:
    return [target["expr"] for panel in list_panels() for target in panel.get("targets", ())]


def list_metrics() -> set[str]:
    """The names of all metrics as they are written in queries, but without the suffixes of histograms."""
    counted = (f"{each.name}{_SUFFIXES.get(each.type, '')}" for each in metrics.REGISTRY.collect())
    return {*counted, *metrics.READINGS}


def find_unknown(expression: str) -> set[str]:
    """The metrics in an expression that do not exist."""
    known = list_metrics()
    named = set(_NAME.findall(_LABELS.sub("", expression)))
    return {each for each in named if each not in known and _HISTOGRAM.sub("", each) not in known}


def test_every_metric_that_an_alert_or_a_panel_asks_for_exists() -> None:
    expressions = [each["expr"] for each in list_rules()] + list_expressions()
    assert len(expressions) > 40
    assert {each: find_unknown(each) for each in expressions if find_unknown(each)} == {}


def test_a_metric_that_does_not_exist_is_found() -> None:
    asked = 'rate(paperboy_deliveries_totl{job="paperboy_x"}[5m]) + paperboy_delay_seconds_count'
    assert find_unknown(asked) == {"paperboy_deliveries_totl", "paperboy_delay_seconds_count"}
    assert find_unknown('increase(paperboy_delivery_delay_seconds_bucket{le="60"}[1h])') == set()


def test_the_page_for_operators_explains_every_metric_and_no_other() -> None:
    section = PAGE.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)(?:\{[^}]*\})?` \|", section, re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert set(explained) == list_metrics()


def test_the_page_for_operators_says_what_to_do_about_every_alert() -> None:
    names = [each["alert"] for each in list_rules()]
    assert len(names) == len(set(names))
    assert re.findall(r"^### `(Paperboy\w+)`$", PAGE, re.MULTILINE) == names


def test_every_alert_says_how_bad_it_is_and_what_happened() -> None:
    for rule in list_rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        assert len(rule["annotations"]["summary"].split()) > 4, rule["alert"]


def test_every_panel_of_the_dashboard_has_its_place_and_says_what_it_shows() -> None:
    panels = list_panels()
    assert len({each["id"] for each in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] == "row" or (panel["description"] and panel["targets"]), panel["title"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, panel["title"]
    for one, other in combinations(panels, 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_the_dashboard_works_with_any_prometheus() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert {each["name"] for each in dashboard["templating"]["list"]} == {"datasource", "job"}
    for panel in list_panels():
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}"
            assert '{job=~"$job"' in target["expr"]


PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool, from Debian's package prometheus, is not here")


def run_promtool(*words: str, given: bytes = b"") -> None:
    assert PROMTOOL
    ended = subprocess.run([PROMTOOL, *words], input=given, capture_output=True, check=False)
    assert ended.returncode == 0, (ended.stdout + ended.stderr).decode()


@needs_promtool
def test_prometheus_understands_the_alerts_and_they_come_when_they_should() -> None:
    run_promtool("check", "rules", str(ALERTS))
    run_promtool("test", "rules", str(CASES))


@needs_promtool
def test_prometheus_understands_what_the_panels_ask(tmp_path: Path) -> None:
    asked = [each.replace("$__rate_interval", "5m").replace("$job", ".*") for each in list_expressions()]
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run_promtool("check", "rules", str(tmp_path / "panels.yml"))


@needs_promtool
def test_prometheus_understands_what_the_bot_shows() -> None:
    metrics.prepare("1.0.0", ["channel_gone"])
    run_promtool("check", "metrics", given=metrics.render(dict.fromkeys(metrics.READINGS, 1.0)))


def test_every_alert_has_a_case_in_which_it_comes_and_one_in_which_it_does_not() -> None:
    cases = [each for test in yaml.safe_load(CASES.read_text())["tests"] for each in test["alert_rule_test"]]
    names = {each["alert"] for each in list_rules()}
    assert {each["alertname"] for each in cases if each.get("exp_alerts")} == names
    assert {each["alertname"] for each in cases if not each.get("exp_alerts")} == names
