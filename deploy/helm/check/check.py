#!/usr/bin/env python3
"""Whether the chart renders, and to what Kubernetes takes. See `main` for what is looked at."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

import yaml

import broker
import objects
import policies
import reloaded
import table
from program import helm

HELM = pathlib.Path(__file__).parent.parent
CHART = HELM / "muster"
TREE = HELM.parent.parent
# What the values of everything.yaml ask for.
EVERYTHING = {
    "ConfigMap",
    "CronJob",
    "Deployment",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "Service",
    "ServiceMonitor",
    "StatefulSet",
}
# Each must be refused, in words that name the value.
WRONG = [
    ("api.replicsa=2", "replicsa"),
    ("api.replicas=0", "replicas"),
    ("chat.autoscaling.viewers=10", "viewers"),
    ("image.pullPolicy=Sometimes", "pullPolicy"),
    ("broker.replicas=many", "replicas"),
    ("networkPolicy.page[0].everyone=true", "everyone"),
    ("publicUrl=muster.example", "publicUrl"),
    ("api.config.oidc_client_secret=x", "oidc_client_secret"),
    ("api.config.listen=0.0.0.0:80", "listen"),
    ("api.config.streams_per_user=0", "streams_per_user"),
    ("chat.config.chunks_worker_percent=101", "chunks_worker_percent"),
    ("chat.config.idle_seconds=soon", "idle_seconds"),
    ("backup.schedule=nightly", "schedule"),
    ("backup.recipients={age1x},backup.passphraseSecret=x", "backup"),
    ("ingress.enabled=true", "ingress.host"),
    ("gateway.enabled=true", "gateway.host"),
    ("nats.enabled=false", "broker.url"),
    ("nats.config.cluster.enabled=false", "broker.replicas"),
]
# What the api takes while it runs, and what needs other pods: also what it does not know, which ends the first of them.
RELOADED = ["log=debug", "api.config.streams_per_user=7", "api.config.requests_per_minute=60"]
SETTLED = [
    "broker.replicas=5",
    "api.config.server_name=Ours",
    "api.config.log_format=text",
    "api.config.idle_seconds=9",
    "podAnnotations.a=b",
]


def render(chart, *arguments):
    """The objects, in the order in which helm would make them."""
    told = subprocess.run([helm(), "template", "muster", chart, *arguments], capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"helm template {' '.join(map(str, arguments))}: {told.stderr}")
    return [item for item in yaml.safe_load_all(told.stdout) if item]


def without_dependency(place):
    """A copy that renders although the chart of NATS is not there: what is ours does not need it."""
    chart = place / "muster"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("charts"))
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    del about["dependencies"]
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    return chart


def refusals(chart):
    for setting, named in WRONG:
        told = subprocess.run([helm(), "template", "muster", chart, "--set", setting], capture_output=True, text=True)
        if told.returncode == 0 or named not in told.stderr:
            yield f"--set {setting} is not refused in words that say {named}: {told.stderr or 'it renders'}"


def restarts(chart):
    """What a change of a setting does to the api's pods: Kubernetes makes new ones when their template is another."""
    before = api_template(render(chart))
    for settings, other in ((RELOADED, False), (SETTLED, True)):
        for setting in settings:
            if (api_template(render(chart, "--set", setting)) != before) != other:
                yield f"--set {setting} makes {'no' if other else 'needless'} new pods"


def api_template(rendered):
    named = {(item["kind"], item["metadata"]["name"]): item for item in rendered}
    return named["Deployment", "muster-api"]["spec"]["template"]


def secrets():
    """What `secrets` prints, and prints again."""
    with tempfile.TemporaryDirectory() as place:
        keys = pathlib.Path(place) / "keys"
        first, second = (printed(keys) for _ in range(2))
    if kept(first) != kept(second):
        raise SystemExit("deploy/helm/secrets: the second call made other secrets")
    return first


def printed(keys):
    told = subprocess.run([HELM / "secrets", keys], check=True, stdout=subprocess.PIPE, text=True).stdout
    return list(yaml.safe_load_all(told))


def kept(made):
    """Without the inspector's key, which is nobody's, and so a new one each time."""
    *others, keys = made
    return others, {name: key for name, key in keys["data"].items() if name != "MUSTER_INSPECT_KEY"}


def scaling(rendered):
    """What a service is scaled by, it counts."""
    for item in rendered:
        if item["kind"] != "HorizontalPodAutoscaler":
            continue
        name = item["spec"]["scaleTargetRef"]["name"]
        counted = metrics(TREE / "services" / name.removeprefix("muster-"))
        asked = {metric["pods"]["metric"]["name"] for metric in item["spec"]["metrics"] if metric["type"] == "Pods"}
        yield from (f"{name} is scaled by {metric}, which it does not count" for metric in sorted(asked - counted))


def settings(rendered):
    """What the image's environment tells would win over a file that says something else."""
    image = set(re.findall(r"^ENV .*$", (TREE / "deploy/docker/Dockerfile").read_text(), re.MULTILINE))
    image = {name for line in image for name in re.findall(r"\bMUSTER_[A-Z_]+(?==)", line)}
    files = {item["metadata"]["name"]: item.get("data", {}) for item in rendered if item["kind"] == "ConfigMap"}
    for item in rendered:
        if item["kind"] != "Deployment" or "muster.toml" not in files.get(item["metadata"]["name"], {}):
            continue
        name = item["metadata"]["name"]
        told = {f"MUSTER_{key.upper()}" for key in tomllib.loads(files[name]["muster.toml"])}
        pod = {each["name"] for each in objects.pod_of(item)["spec"]["containers"][0]["env"]}
        yield from (f"{name}: {key} is in its file alone, and its image tells it" for key in sorted(told & image - pod))


def everywhere(rendered, values):
    """What is said of all pods holds for each; the broker's are the other chart's."""
    image = values["image"]
    wanted = {key: values[key] for key in ("nodeSelector", "affinity", "tolerations", "priorityClassName")}
    wanted["imagePullSecrets"] = [{"name": name} for name in image["pullSecrets"]]
    for item in rendered:
        pod = objects.pod_of(item)
        if not pod or pod["metadata"]["labels"]["app.kubernetes.io/name"] != "muster":
            continue
        name = f"{item['kind']} {item['metadata']['name']}"
        yield from (f"{name}: {key} is not that of all pods" for key in wanted if pod["spec"].get(key) != wanted[key])
        if not values["podAnnotations"].items() <= pod["metadata"].get("annotations", {}).items():
            yield f"{name}: podAnnotations is not that of all pods"
        if {container.get("imagePullPolicy") for container in pod["spec"]["containers"]} != {image["pullPolicy"]}:
            yield f"{name}: image.pullPolicy is not that of all pods"


def metrics(*places):
    """Names in the code of one service, or of all, and in what they share."""
    files = [file for place in (TREE / "libs/service", *places) for file in place.rglob("metric.rs")]
    return {name for file in files for name in re.findall(r'"(muster_[a-z_]+)"', file.read_text())}


def told_of():
    """The metrics that the chart's words name are some that are counted."""
    for file in ("README.md", "values.yaml"):
        named = set(re.findall(r"(?:seriesQuery: |`)(muster_[a-z_]+)", (CHART / file).read_text()))
        unknown = sorted(named - metrics(TREE / "services"))
        yield from (f"{file} of the chart names {metric}, which nothing counts" for metric in unknown)


def with_broker(whole, cases, made):
    """The same with the chart of NATS: it fits our values, policies and rules."""
    for case in cases:
        values = yaml.safe_load(case.read_text())
        if values.get("nats", {}).get("enabled", True):
            rendered = render(whole, "--values", case)
            yield from (f"{case.name}, with NATS: {what}" for what in objects.wrong(rendered, made))
            pods = [pod for item in rendered if (pod := objects.pod_of(item))]
            yield from (f"{case.name}, with NATS: {what}" for what in policies.wrong(case.stem, rendered, pods))
            yield from configuration(f"{case.name}, with NATS", rendered, made)


def configuration(name, rendered, made):
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    yield from (f"{name}: {what}" for what in broker.wrong(rendered, made, values))


def main():
    wrong = [*told_of()]
    made = secrets()
    with tempfile.TemporaryDirectory() as place:
        chart = without_dependency(pathlib.Path(place))
        cases = sorted((CHART / "ci").glob("*.yaml"))
        for case in cases:
            lint = subprocess.run([helm(), "lint", "--strict", "--quiet", chart, "--values", case], text=True)
            if lint.returncode:
                wrong.append(f"{case.name}: helm lint")
            rendered = render(chart, "--values", case)
            wrong += [f"{case.name}: {what}" for what in (*objects.wrong(rendered, made), *scaling(rendered), *settings(rendered))]
            pods = [pod for item in rendered if (pod := objects.pod_of(item))]
            wrong += [f"{case.name}: {what}" for what in policies.wrong(case.stem, rendered, pods)]
            if case.stem == "cluster":
                wrong += configuration(case.name, rendered, made)
            if case.stem == "everything":
                missing = EVERYTHING - {item["kind"] for item in rendered}
                wrong += [f"{case.name}: there is no {kind}" for kind in sorted(missing)]
                wrong += [f"{case.name}: {what}" for what in everywhere(rendered, yaml.safe_load(case.read_text()))]
            print(f"{case.name}: {len(rendered)} objects, in Kubernetes {', '.join(objects.MINORS)}", flush=True)
        whole, reason = broker.with_dependency(CHART, pathlib.Path(place))
        if whole:
            wrong += with_broker(whole, cases, made)
            print("the same with the chart of NATS", flush=True)
        elif broker.is_there(CHART):
            wrong.append(f"the chart of NATS does not come, although its place answers: {reason}")
        else:
            print(f"NOT TRIED: anything with the chart of NATS, whose place does not answer: {reason}", flush=True)
        wrong += [*refusals(chart), *restarts(chart)]
        print(f"{len(WRONG)} wrong settings tried", flush=True)
    workspace = tomllib.loads((TREE / "Cargo.toml").read_text())["workspace"]
    if yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] != workspace["package"]["version"]:
        wrong.append("Chart.yaml: appVersion is not the version of the services")
    if not reloaded.is_current():
        wrong.append("what the chart knows of ↻ is not what deploy/configuration.md says: run deploy/helm/check/reloaded.py")
    if not table.is_current(CHART):
        wrong.append("README.md of the chart is not what values.yaml says: run deploy/helm/check/table.py")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
