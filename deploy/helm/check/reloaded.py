#!/usr/bin/env python3
"""Writes what the chart knows of settings that a service takes without a restart, from those that deploy/configuration.md
marks ↻: each with its service, and in the schema of values which numbers fit. A wrong value of another setting ends a new pod
while the old ones stay; of these it would be found by a line in the log alone."""

import json
import pathlib
import re

HELM = pathlib.Path(__file__).parent.parent
PAGE = HELM.parent / "configuration.md"
LIST, SCHEMA = HELM / "muster/files/reloaded", HELM / "muster/values.schema.json"
SERVICES = ["api", "chat", "registry"]


def made():
    """What each file has to be."""
    sections = dict(re.findall(r"^## Of (?:the )?(.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    of = {name: marked(sections["each service"]) | marked(sections[name]) for name in SERVICES}
    lines = [f"{name} {key}\n" for name, keys in of.items() for key in sorted(keys)]
    kinds = {key: kind for keys in of.values() for key, kind in keys.items() if kind.startswith("number")}
    numbers = [f'        "{key}": {number(kind)}' for key, kind in sorted(kinds.items())]
    properties = '"reloaded": {\n      "properties": {\n' + ",\n".join(numbers) + "\n      }\n    }"
    schema = re.sub(r'"reloaded": \{\n.*?\n    \}', properties, SCHEMA.read_text(), flags=re.DOTALL)
    return {LIST: "".join(lines), SCHEMA: schema}


def marked(section):
    """Its keys that are marked, with their type."""
    return dict(re.findall(r"^\| `(\w+)` ↻ \| ([^|]*) \|", section, re.MULTILINE))


def number(kind):
    least, _, most = kind.removeprefix("number, ").removeprefix("at least ").partition(" to ")
    bounds = {"type": "integer", "minimum": int(least)} | ({"maximum": int(most)} if most else {})
    return f"{{ {json.dumps(bounds)[1:-1]} }}"


def is_current():
    return all(file.read_text() == text for file, text in made().items())


if __name__ == "__main__":
    for file, text in made().items():
        file.write_text(text)
