#!/usr/bin/env python3
"""Whether the chart renders, and to what Kubernetes takes. See `main` for what is looked at."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

import yaml

import objects
import table
from program import helm

HELM = pathlib.Path(__file__).parent.parent
CHART = HELM / "muster"
# What the values of everything.yaml ask for.
EVERYTHING = {
    "ConfigMap",
    "CronJob",
    "Deployment",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "Ingress",
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
    ("backup.schedule=nightly", "schedule"),
    ("backup.recipients={age1x},backup.passphraseSecret=x", "backup"),
    ("ingress.enabled=true", "ingress.host"),
    ("gateway.enabled=true", "gateway.host"),
    ("nats.enabled=false", "broker.url"),
    ("nats.config.cluster.enabled=false", "broker.replicas"),
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


def secrets():
    """What `secrets` prints, and prints again."""
    with tempfile.TemporaryDirectory() as place:
        keys = pathlib.Path(place) / "keys"
        first, second = (printed(keys) for _ in range(2))
    if first != second:
        raise SystemExit("deploy/helm/secrets: the second call made other secrets")
    return first


def printed(keys):
    told = subprocess.run([HELM / "secrets", keys], check=True, stdout=subprocess.PIPE, text=True).stdout
    made = list(yaml.safe_load_all(told))
    # Nobody's, and so a new one each time.
    del made[-1]["data"]["MUSTER_INSPECT_KEY"]
    return made


def main():
    wrong = []
    made = secrets()
    with tempfile.TemporaryDirectory() as place:
        chart = without_dependency(pathlib.Path(place))
        cases = sorted((CHART / "ci").glob("*.yaml"))
        for case in cases:
            lint = subprocess.run([helm(), "lint", "--strict", "--quiet", chart, "--values", case], text=True)
            if lint.returncode:
                wrong.append(f"{case.name}: helm lint")
            rendered = render(chart, "--values", case)
            wrong += [f"{case.name}: {what}" for what in objects.wrong(rendered, made)]
            if case.stem == "everything":
                missing = EVERYTHING - {item["kind"] for item in rendered}
                wrong += [f"{case.name}: there is no {kind}" for kind in sorted(missing)]
            print(f"{case.name}: {len(rendered)} objects, in Kubernetes {', '.join(objects.MINORS)}", flush=True)
        wrong += refusals(chart)
        print(f"{len(WRONG)} wrong settings tried", flush=True)
    workspace = tomllib.loads((HELM.parent.parent / "Cargo.toml").read_text())["workspace"]
    if yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] != workspace["package"]["version"]:
        wrong.append("Chart.yaml: appVersion is not the version of the services")
    if not table.is_current(CHART):
        wrong.append("README.md of the chart is not what values.yaml says: run deploy/helm/check/table.py")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
