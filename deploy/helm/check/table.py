#!/usr/bin/env python3
"""Writes the table of values in the chart's README.md from the comments in its values.yaml."""

import json
import pathlib
import re

import yaml

BEGIN, END = "<!-- values: made by deploy/helm/check/table.py -->\n", "<!-- end of values -->\n"


def documented(text):
    """Each value that has a comment `# -- …`: its path and what it means."""
    path, meaning = [], None
    for line in text.splitlines():
        comment = re.match(r"\s*# (?:-- )?(.*)", line)
        if comment and line.lstrip().startswith("# --"):
            meaning = [comment[1]]
        elif comment and meaning is not None:
            meaning.append(comment[1])
        elif key := re.match(r"(\s*)([\w$]+):", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if meaning is not None:
                yield list(path), " ".join(meaning)
            meaning = None


def table(chart):
    text = (chart / "values.yaml").read_text()
    values = yaml.safe_load(text)
    rows = ["| value | default | meaning |", "| --- | --- | --- |"]
    for path, meaning in documented(text):
        value = values
        for key in path:
            value = value[key]
        rows.append(f"| `{'.'.join(path)}` | `{json.dumps(value)}` | {meaning} |")
    return "\n".join(rows) + "\n"


def with_table(chart):
    text = (chart / "README.md").read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}{table(chart)}{END}{after}"


def is_current(chart):
    return (chart / "README.md").read_text() == with_table(chart)


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent.parent / "muster"
    (here / "README.md").write_text(with_table(here))
