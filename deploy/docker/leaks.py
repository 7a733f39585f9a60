#!/usr/bin/env python3
"""Looks for secrets where none may be: in the files that git has, or with names of images in each file of these, in
their environment and in how they were made. Says where something is, never what."""

import argparse
import base64
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

TREE = pathlib.Path(__file__).parent.parent.parent
# Each a kind, and what it looks like. Programs have the words around a key, but no key.
KINDS = {
    "a private key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/=]{40}",
    "a seed of NATS": rb"\bS[ACNOPUX][A-Z2-7]{56}\b",
    "a key of age": rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",
    "a password in an address": rb"\b[a-z]+://[A-Za-z0-9_.-]+:(?![A-Z_]+@)[A-Za-z0-9_.~%-]{8,}@[A-Za-z0-9.-]+",
    "an API token of Muster": rb"\bmuster_[A-Za-z0-9_-]{43}\b",
    "a token of GitHub": rb"\bghp_[A-Za-z0-9]{36}\b",
    "a key of AWS": rb"\bAKIA[0-9A-Z]{16}\b",
    "a key of a model's provider": rb"\bsk-[A-Za-z0-9]{40,}\b",
}
KINDS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}
# Files that are secrets whatever is in them, and those that have no place in an image.
ENDINGS = r"[^/]*(\.seed|\.key|\.p12|\.nk|\.creds|-password)"
NAMES = re.compile(rf"(^|/)({ENDINGS}|id_(rsa|ed25519|ecdsa)|\.env|\.netrc|\.npmrc|\.git)$")
# Of a test: what must be written otherwise in an address.
ALLOWED = {"libs/service/src/copy.rs: a password in an address"}
SETTING = re.compile(r"(?i)^\w*(password|passwd|secret|token|seed|passphrase|private_?key)\w*=.+")


def within(data):
    """The kinds of secrets in it."""
    for kind, pattern in KINDS.items():
        if any(kind != "a seed of NATS" or is_seed(found[0]) for found in pattern.finditer(data)):
            yield kind


def is_seed(text):
    """Whether its last two bytes are the checksum of the others: other words of such letters are none."""
    raw = base64.b32decode(text + b"=" * (-len(text) % 8))
    checksum = 0
    for byte in raw[:-2]:
        checksum ^= byte << 8
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x1021 if checksum & 0x8000 else 0)) & 0xFFFF
    return checksum == int.from_bytes(raw[-2:], "little")


def in_tree():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, check=True).stdout
    files = [file for name in listed.decode().split("\0") if name and (file := TREE / name).is_file()]
    for file in files:
        name = str(file.relative_to(TREE))
        if NAMES.search(name):
            yield f"{name} is called like a secret"
        yield from (what for kind in within(file.read_bytes()) if (what := f"{name}: {kind}") not in ALLOWED)


def in_image(name, base):
    """What it adds to the image that it is made from: libraries there have keys of their own, to try themselves out."""
    below = layers(base) if base else []
    if layers(name)[: len(below)] != below:
        raise SystemExit(f"leaks: {name} is not made from {base}")
    with tempfile.NamedTemporaryFile() as saved:
        subprocess.run(["docker", "save", "--output", saved.name, name], check=True)
        with tarfile.open(saved.name) as archive:
            (told,) = json.load(archive.extractfile("manifest.json"))
            yield from in_description(json.load(archive.extractfile(told["Config"])))
            for layer in told["Layers"][len(below) :]:
                yield from in_layer(archive.extractfile(layer))


def layers(name):
    asked = ["docker", "image", "inspect", "--format", "{{json .RootFS.Layers}}", name]
    told = subprocess.run(asked, capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"leaks: there is no image {name}")
    return json.loads(told.stdout)


def in_layer(archived):
    with tarfile.open(fileobj=archived) as layer:
        for file in layer:
            if NAMES.search(file.name):
                yield f"{file.name} is called like a secret"
            if file.isfile():
                yield from (f"{file.name}: {kind}" for kind in within(layer.extractfile(file).read()))


def in_description(told):
    for variable in (told.get("config") or {}).get("Env") or []:
        if SETTING.match(variable):
            yield f"its environment has {variable.split('=')[0]}"
    for step in told.get("history") or []:
        line = step.get("created_by", "")
        yield from (f"how it was made: {kind}" for kind in within(line.encode()))
        words = [word for word in line.replace("|", " ").split() if SETTING.match(word)]
        yield from (f"how it was made tells {word.split('=')[0]}" for word in words)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--above", metavar="BASE", help="only what the images add to this one, which they are made from")
    options.add_argument("image", nargs="*")
    asked = options.parse_args()
    found = list(in_tree()) if not asked.image else []
    for name in asked.image:
        found += [f"{name}: {what}" for what in dict.fromkeys(in_image(name, asked.above))]
    for line in found:
        print(line, file=sys.stderr)
    print(f"{' '.join(asked.image) or 'the tree'}: {len(found)} secrets")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
