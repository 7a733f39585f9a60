#!/usr/bin/env python3
"""Whether dashboards and alerts ask for what is counted, and each alert says what to do."""

import json
import pathlib
import re
import sys

import yaml

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent


def counted():
    """Names of metrics in the code. What is timed is asked for by its buckets."""
    sources = [path.read_text() for top in ("libs", "services") for path in (TREE / top).rglob("metric.rs")]
    return {
        f"{name}_bucket" if kind == "Histogram" else name
        for text in sources
        for kind, name in re.findall(r'(Counter|Gauge|Histogram)::\w+\(\s*"(muster_[a-z_]+)"', text)
    }


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
    seen = set()
    for place, query in asked():
        named = set(re.findall(r"\bmuster_[a-z_]+", query))
        seen |= named
        yield from (f"{place} asks for {name}, which nothing counts" for name in sorted(named - there))
    yield from (f"{name} is counted, and no dashboard or alert shows it" for name in sorted(there - seen))
    for rule in rules():
        if not rule["annotations"].get("runbook"):
            yield f"alerts.yml: {rule['alert']} does not say what to do"
        for label in unknown_labels(rule):
            yield f"alerts.yml: {rule['alert']} shows the label {label}, which its query does not give"


def unknown_labels(rule):
    """Sums and what is absent have the labels alone that the query names."""
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    if not re.search(r"\b(absent|sum|max|min|avg|count)\b", rule["expr"]):
        return []
    given = re.findall(r'\bby \(([^)]*)\)|, "(\w+)", "[^"]*", "\w*", "[^"]*"\)', rule["expr"])
    return sorted(shown - {label for found in given for label in re.findall(r"\w+", " ".join(found))})


if __name__ == "__main__":
    found = list(wrong())
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(list(asked()))} queries, {len(rules())} alerts, {len(counted())} metrics")
    sys.exit(1 if found else 0)
