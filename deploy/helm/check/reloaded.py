#!/usr/bin/env python3
"""Writes the chart's file of settings that a service takes without a restart, from what deploy/configuration.md marks ↻."""

import pathlib
import re

HELM = pathlib.Path(__file__).parent.parent
FILE = HELM / "muster/files/reloaded"


def keys():
    """A key a line."""
    told = (HELM.parent / "configuration.md").read_text()
    return "".join(f"{key}\n" for key in sorted(re.findall(r"^\| `(\w+)` ↻ \|", told, re.MULTILINE)))


def is_current():
    return FILE.read_text() == keys()


if __name__ == "__main__":
    FILE.write_text(keys())
