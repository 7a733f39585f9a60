#!/usr/bin/env python3
"""Whether dashboards and alerts ask for what is counted, each alert says what to do, and is heard when it must be."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from promtool import promtool

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
# Words with an underscore that a runbook may have beside our settings and metrics: PostgreSQL's.
NOT_OURS = {"max_connections", "pg_stat_activity"}
# Labels that come from whoever scrapes, and a bucket's bound.
SCRAPED = {"instance", "job", "le", "namespace", "pod", "service"}
# What Grafana puts in.
VARIABLES = {"$__rate_interval": "5m", "$__interval": "5m", "$__range": "1h"}


def sources():
    return [path.read_text() for top in ("libs", "services") for path in (TREE / top).rglob("metric.rs")]


def counted():
    """Names of metrics in the code. What is timed is asked for by its buckets."""
    return {
        f"{name}_bucket" if kind == "Histogram" else name
        for text in sources()
        for kind, name in re.findall(r'(Counter|Gauge|Histogram)::\w+\(\s*"(muster_[a-z_]+)"', text)
    }


def labels():
    """Of each metric with a label that has known values: the label, and these."""
    told = r'"(\w+)",\s*&\[((?:\s*"\w+",?)+)\s*\]'
    by = rf'::\w+\(\s*"(muster_[a-z_]+)",\s*"[^"]*",\s*{told}'
    histogram_by = rf'Histogram::new\(\s*"(muster_[a-z_]+)"[^;]*\)\s*\.by\({told}'
    return {
        f"{name}{suffix}": (label, set(re.findall(r"\w+", values)))
        for text in sources()
        for suffix, pattern in (("", by), ("_bucket", histogram_by))
        for name, label, values in re.findall(pattern, text)
    }


def unlikely(query, known):
    """What the query asks of a label that it cannot have."""
    for name, matchers in re.findall(r"\b(muster_[a-z_]+)\{([^}]*)\}", query):
        label, values = known.get(name, (None, set()))
        for asked, _, value in re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', matchers):
            if label is None or asked in SCRAPED:
                continue
            yield from (
                f"asks for {name} with {asked}={each}, which is never told"
                for each in value.split("|")
                if asked != label or each not in values
            )


def asked():
    """Each query, and where it stands."""
    for path in sorted((HERE / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            yield from ((f"{path.name}: {panel['title']}", target["expr"]) for target in panel["targets"])
    for rule in rules():
        yield f"alerts.yml: {rule['alert']}", rule["expr"]


def rules():
    return [rule for group in yaml.safe_load((HERE / "alerts.yml").read_text())["groups"] for rule in group["rules"]]


def wrong():
    there = counted()
    known = labels()
    seen = set()
    for place, query in asked():
        named = set(re.findall(r"\bmuster_[a-z_]+", query))
        seen |= named
        yield from (f"{place} asks for {name}, which nothing counts" for name in sorted(named - there))
        yield from (f"{place} {what}" for what in unlikely(query, known))
    yield from (f"{name} is counted, and no dashboard or alert shows it" for name in sorted(there - seen))
    for rule in rules():
        if not rule["annotations"].get("runbook"):
            yield f"alerts.yml: {rule['alert']} does not say what to do"
        yield from (f"alerts.yml: {rule['alert']} names {word}, which is no setting" for word in strange(rule))
        yield from (f"alerts.yml: {rule['alert']} names {page}, which is not there" for page in missing(rule))
        for label in unknown_labels(rule):
            yield f"alerts.yml: {rule['alert']} shows the label {label}, which its query does not give"


def unknown_labels(rule):
    """Sums and what is absent have the labels alone that the query names."""
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    if not re.search(r"\b(absent|sum|max|min|avg|count)\b", rule["expr"]):
        return []
    given = re.findall(r'\bby \(([^)]*)\)|, "(\w+)", "[^"]*", "\w*", "[^"]*"\)', rule["expr"])
    return sorted(shown - {label for found in given for label in re.findall(r"\w+", " ".join(found))})


def strange(rule):
    """Words of its runbook that look like a setting and are none."""
    settings = (TREE / "deploy/configuration.md").read_text()
    words = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rule["annotations"].get("runbook", ""))
    return [word for word in words if word not in NOT_OURS and f"`{word}`" not in settings]


def missing(rule):
    """Pages that its runbook names, and nobody has written."""
    pages = re.findall(r"[\w./-]+\.md\b", rule["annotations"].get("runbook", ""))
    return [page for page in pages if not (TREE / page).is_file()]


def untried():
    """Alerts that no test hears, and series of tests that nothing counts."""
    text = (HERE / "alerts.test.yml").read_text()
    known, there = labels(), counted()
    for test in yaml.safe_load(text)["tests"]:
        for series in test["input_series"]:
            named = re.match(r"\w+", series["series"])[0]
            if named.startswith("muster_") and named not in there:
                yield f"alerts.test.yml: {test['name']}: nothing counts {named}"
            yield from (f"alerts.test.yml: {test['name']} {what}" for what in unlikely(series["series"], known))
    for rule in rules():
        if f'alertname="{rule["alert"]}"' not in text:
            yield f"alerts.yml: no test hears {rule['alert']}"


def by_prometheus():
    """What Prometheus itself says of the alerts, and of the queries that dashboards ask."""
    program = promtool()
    if program is None:
        yield "promtool is missing: install it to try out the alerts"
        return
    queries = []
    for number, (_, query) in enumerate(asked()):
        for variable, value in VARIABLES.items():
            query = query.replace(variable, value)
        queries.append({"record": f"query:{number}", "expr": query})
    with tempfile.TemporaryDirectory() as place:
        asks = pathlib.Path(place) / "queries.yml"
        asks.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": queries}]}))
        for arguments in (
            ["check", "rules", "--lint=all", "--lint-fatal", HERE / "alerts.yml"],
            ["check", "rules", "--lint=none", asks],
            ["test", "rules", HERE / "alerts.test.yml"],
        ):
            told = subprocess.run([program, *arguments], capture_output=True, text=True)
            if told.returncode:
                yield f"promtool {' '.join(map(str, arguments))}: {told.stdout}{told.stderr}"
    print("promtool has checked alerts and queries, and tried the alerts")


if __name__ == "__main__":
    found = [*wrong(), *untried(), *by_prometheus()]
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(list(asked()))} queries, {len(rules())} alerts, {len(counted())} metrics")
    sys.exit(1 if found else 0)
