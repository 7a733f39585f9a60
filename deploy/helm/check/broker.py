"""The broker's configuration: by the chart of NATS where it can be had, and by nats-server itself."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

import yaml

from program import HOME, helm

# Seconds for the chart of NATS to come.
FETCH = 60


def with_dependency(chart, place):
    """A copy of the chart that has the one of NATS in it; None where that cannot be had, with the reason."""
    copy = place / "whole" / "muster"
    shutil.copytree(chart, copy)
    if not list((copy / "charts").glob("nats-*.tgz")):
        build = [helm(), "dependency", "build", copy]
        try:
            told = subprocess.run(build, capture_output=True, text=True, timeout=FETCH)
        except subprocess.TimeoutExpired:
            return None, f"it did not come within {FETCH} s"
        if told.returncode:
            ends = [said.splitlines()[-1].strip() for said in (told.stdout.strip(), told.stderr.strip()) if said]
            return None, "; ".join(ends)
    return copy, ""


def is_there(chart):
    """Whether the place answers where the chart of NATS comes from."""
    (nats,) = yaml.safe_load((chart / "Chart.yaml").read_text())["dependencies"]
    try:
        urllib.request.urlopen(f"{nats['repository']}index.yaml", timeout=FETCH).close()
    except OSError:
        return False
    return True


def server():
    """The program nats-server: that of a wheel (see requirements.txt), or the machine's own."""
    found = shutil.which("nats-server", path=HOME / "bin") or shutil.which("nats-server")
    if found is None:
        raise SystemExit("nats-server is missing: install it to try out the broker's configuration")
    return found


def wrong(rendered, secrets, values):
    """What the server says of its configuration: that of the other chart, or the same in brief where that is not here."""
    named = {(item["kind"], item["metadata"]["name"]): item for item in [*rendered, *secrets]}
    accounts = named["ConfigMap", "muster-nats-accounts"]["data"]["accounts.conf"]
    whole = named.get(("ConfigMap", "muster-nats-config"))
    conf = whole["data"]["nats.conf"] if whole else brief(values["nats"]["config"])
    with tempfile.TemporaryDirectory() as place:
        # Where pods have them.
        for directory, file, text in (("nats-config", "nats.conf", conf), ("muster", "accounts.conf", accounts)):
            (pathlib.Path(place) / directory).mkdir()
            (pathlib.Path(place) / directory / file).write_text(text)
        keys = named["ConfigMap", "muster-nats-keys"]["data"]
        told = subprocess.run(
            [server(), "-t", "--config", pathlib.Path(place) / "nats-config/nats.conf"],
            env={**keys, "SERVER_NAME": "muster-nats-0"},
            capture_output=True,
            text=True,
        )
    if told.returncode:
        yield f"nats-server does not take its configuration: {told.stderr}{told.stdout}"
    if server_of(rendered) and server_of(rendered).get("envFrom") != [{"configMapRef": {"name": "muster-nats-keys"}}]:
        yield "the broker is not told the keys that its configuration names"


def server_of(rendered):
    """The server's container, by the chart of NATS."""
    sets = [item for item in rendered if item["kind"] == "StatefulSet" and item["metadata"]["name"] == "muster-nats"]
    containers = sets[0]["spec"]["template"]["spec"]["containers"] if sets else []
    return next((container for container in containers if container["name"] == "nats"), None)


def brief(config):
    """What our values say, in the server's words."""
    include = config["merge"]["zzz$include"]
    conf = {"port": 4222, "http_port": 8222, "jetstream": {"store_dir": "/data"}}
    if config["cluster"]["enabled"]:
        conf["cluster"] = {"name": "muster-nats", "port": 6222, "no_advertise": True}
    if config["websocket"]["enabled"]:
        conf["websocket"] = {"port": config["websocket"]["port"], "no_tls": True, **config["websocket"]["merge"]}
    # The name is a variable of the server, and an include is no value.
    return f"server_name: $SERVER_NAME\n{json.dumps(conf)[1:-1]}\ninclude {include}\n"
