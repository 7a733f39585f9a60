#!/usr/bin/env python3
"""Whether the files for containers name what is there, and whether Compose takes them. And whether a secret is in the tree,
from which images are built."""

import os
import pathlib
import re
import subprocess
import sys
import tomllib

import yaml

import leaks
from compose import compose

HERE = pathlib.Path(__file__).parent
TREE = HERE.parent.parent
BASE = TREE / "docker-compose.yml"
BESIDE = [HERE / "cluster.yml", HERE / "tls.yml"]
# What they are published to: this computer, unless somebody says otherwise.
HERE_ALONE = ("${MUSTER_BIND:-127.0.0.1}:", "127.0.0.1:")
# Beside running as root, what `setup` needs to give files to their users; the proxy's program is marked with the other.
RIGHTS = {"setup": ["CHOWN", "DAC_OVERRIDE"], "proxy": ["NET_BIND_SERVICE"]}
ROOT = ["setup", "cluster"]


class Loader(yaml.SafeLoader):
    """Compose has tags of its own: what they are before a value is for Compose."""


def under_tag(loader, _suffix, node):
    kinds = {yaml.MappingNode: loader.construct_mapping, yaml.SequenceNode: loader.construct_sequence}
    return kinds.get(type(node), loader.construct_scalar)(node)


Loader.add_multi_constructor("!", under_tag)


def stages():
    """Each stage of the Dockerfile: the one that it is made of, and its lines."""
    found, name = {}, ""
    for line in re.sub(r"\\\n", "", (HERE / "Dockerfile").read_text()).splitlines():
        if begun := re.match(r"FROM (?:--\S+ )?(\S+) AS (\S+)", line):
            name = begun[2]
            found[name] = (begun[1], [])
        elif name:
            found[name][1].append(line)
    return found


def defaults():
    return dict(re.findall(r"^ARG (\w+)=(\S+)", (HERE / "Dockerfile").read_text(), re.MULTILINE))


def is_healthy_at_times(service, made):
    """Whether anything says so: Compose's own check, or the image's."""
    if "healthcheck" in service or "build" not in service:
        return "healthcheck" in service
    return last_said(service, made, "HEALTHCHECK") not in ("", "NONE")


def last_said(service, made, word):
    """What the image says by this word at last, in its stage or in one that it is made of."""
    stage = service.get("build", {}).get("target")
    while stage in made:
        stage, lines = made[stage]
        for line in reversed(lines):
            if line.startswith(f"{word} "):
                return line.removeprefix(f"{word} ")
    return ""


def rights(name, service, made):
    """No container may more than it must."""
    if not service.get("read_only"):
        yield "it may write into its image"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add", []) != RIGHTS.get(name, []):
        yield f"it has other rights of root than {RIGHTS.get(name, [])}"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "it may get further rights"
    # Those that look at others come with a user.
    if "observe" in service.get("profiles", []):
        return
    user = str(service.get("user") or last_said(service, made, "USER")).split(":")[0]
    if (user in ("", "0", "root")) != (name in ROOT):
        yield f"its user is {user or 'root'}"


def dockerfile(made):
    rust = tomllib.loads((TREE / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    if not defaults()["RUST_IMAGE"].startswith(f"rust:{rust}-"):
        yield f"RUST_IMAGE is {defaults()['RUST_IMAGE']}, and rust-version {rust}"
    for name, (_, lines) in made.items():
        for line in lines:
            copied = re.match(r"COPY (?!--from)(?:--\S+ )?(.*) \S+$", line)
            for source in copied[1].split() if copied else []:
                if not (TREE / source).exists():
                    yield f"{name} copies {source}, which is not there"
            other = re.match(r"COPY .*--from=(\S+)", line)
            if other and other[1] not in made:
                yield f"{name} copies from {other[1]}, which is no stage"


def builds(service, made):
    if "build" not in service:
        return
    build = service["build"]
    if build["target"] not in made:
        yield f"the Dockerfile has no stage {build['target']}"
    for argument, value in build["args"].items():
        if value != f"${{{argument}:-{defaults().get(argument)}}}":
            yield f"{argument} is {value}, and {defaults().get(argument)} in the Dockerfile"


def needs(service, services, made):
    wanted = service.get("depends_on", {})
    for name in wanted:
        if name not in services:
            yield f"it needs {name}, which is not there"
        elif isinstance(wanted, dict) and wanted[name]["condition"] == "service_healthy":
            if not is_healthy_at_times(services[name], made):
                yield f"it waits until {name} is healthy, and nothing says that it is"


def mounts(service, volumes):
    for mount in service.get("volumes", []):
        source = mount.split(":/")[0]
        if source.startswith("./") and not (TREE / source).exists():
            yield f"it mounts {source}, which is not there"
        if re.fullmatch(r"[\w-]+", source) and source not in volumes:
            yield f"it mounts {source}, which is no volume"


def wrong(file, beside):
    """Of the base file, or of one that changes it."""
    made = stages()
    services = {name: dict(service) for name, service in file["services"].items()}
    for name, service in (beside or {}).get("services", {}).items():
        services[name] = {**services.get(service.get("extends", {}).get("service", name), {}), **service}
    volumes = {**file["volumes"], **(beside or {}).get("volumes", {})}
    for name, service in services.items():
        found = [*builds(service, made), *needs(service, services, made), *mounts(service, volumes)]
        found += rights(name, service, made)
        found += [f"{port} is for everybody" for port in service.get("ports") or [] if not port.startswith(HERE_ALONE)]
        yield from (f"{name}: {what}" for what in found)


def variables(loaded):
    """What Compose takes from the environment, and its default: the first file's, else another's that has one."""
    found = {}
    for path, file in loaded.items():
        for name, default in re.findall(r"\$\{(\w+)(?::-((?:[^${}]|\$\{\w+\})*))?", path.read_text()):
            found.setdefault(name, default)
        for service in file["services"].values():
            environment = service.get("environment") or {}
            found |= {name: "" for name, value in environment.items() if value is None and name not in found}
    return found


def documented(loaded):
    """Whether README.md's table of variables is what the files have."""
    table = (HERE / "README.md").read_text().split("\n## Variables\n")[1].split("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? *\| \S.*\|$", table, re.MULTILINE))
    there = variables(loaded)
    yield from (f"README.md has no variable {name}" for name in sorted(there.keys() - told.keys()))
    yield from (f"README.md has the variable {name}, which no file has" for name in sorted(told.keys() - there.keys()))
    for name in sorted(there.keys() & told.keys()):
        if there[name] != told[name]:
            yield f"README.md says that {name} is {told[name] or 'empty'}, and it is {there[name] or 'empty'}"


def by_compose():
    """What Compose itself says of the files."""
    program = compose()
    if program is None:
        yield "Compose is missing: install its plugin, or Go or pip, by which it is built here"
    elif subprocess.run([HERE / "check"], env={**os.environ, "COMPOSE": " ".join(program)}).returncode:
        yield "deploy/docker/check failed"


def main():
    loaded = {path: yaml.load(path.read_text(), Loader) for path in [BASE, *BESIDE]}
    found = [*leaks.in_tree(), *(f"Dockerfile: {what}" for what in dockerfile(stages()))]
    found += documented(loaded)
    for path, file in loaded.items():
        beside = None if path == BASE else file
        found += [f"{path.name}: {what}" for what in wrong(loaded[BASE], beside)]
    print(f"{len(loaded)} files for Compose, {len(stages())} stages of images", flush=True)
    found += by_compose()
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
