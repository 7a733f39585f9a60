"""What is wrong with rendered objects: by Kubernetes' own description, and by what they say of each other."""

import functools
import json
import pathlib

import jsonschema
import kubernetes_validate
from kubernetes_validate import utils

# The three newest.
MINORS = ["1.35", "1.36", "1.37"]
# Kinds that others define.
OTHERS = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "httproute",
    ("monitoring.coreos.com/v1", "ServiceMonitor"): "servicemonitor",
}
# What a release called muster consists of.
SERVICES = ["Deployment muster-api", "Deployment muster-chat", "Deployment muster-registry"]
PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
# Seconds that an event stream is silent, and more: a worker's connection too.
SILENT = 3600
NGINX = "nginx.ingress.kubernetes.io"
SCHEMAS = pathlib.Path(__file__).parent / "schemas"

# All definitions of a minor are in one file, which is read for each object otherwise.
utils.schema_contents = functools.cache(utils.schema_contents)


def wrong(rendered, secrets):
    """Each as a sentence. `secrets` are objects that are there beside the rendered ones."""
    named = {}
    for item in rendered:
        name = f"{item['kind']} {item['metadata']['name']}"
        if name in named:
            yield f"{name} is there twice"
        named[name] = item
    for name, item in [*named.items(), *((f"{item['kind']} {item['metadata']['name']}", item) for item in secrets)]:
        yield from (f"{name}: {what}" for what in by_description(item))
    pods = {name: pod for name, item in named.items() if (pod := pod_of(item))}
    for name, pod in pods.items():
        yield from (f"{name}: {what}" for what in rights(pod["spec"]))
        claims = named[name]["spec"].get("volumeClaimTemplates", [])
        yield from (f"{name}: {what}" for what in mounts(pod["spec"], secrets, claims))
    for name, item in named.items():
        yield from (f"{name}: {what}" for what in references(item, named, list(pods.values())))
    for name in SERVICES:
        item = named.get(name)
        yield from (f"{name}: {what}" for what in (service(item, named) if item else ["it is not there"]))
    for name, item in named.items():
        yield from (f"{name}: {what}" for what in streams(item))


def by_description(item):
    other = OTHERS.get((item["apiVersion"], item["kind"]))
    if other:
        schema = json.loads((SCHEMAS / f"{other}.json").read_text())
        for error in jsonschema.Draft202012Validator(schema).iter_errors(item):
            yield f"{error.json_path}: {error.message}"
        return
    for minor in MINORS:
        try:
            kubernetes_validate.validate(item, minor, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"in {minor}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield error.message


def pod_of(item):
    if item["kind"] == "Pod":
        return item
    spec = item.get("spec", {})
    return spec.get("jobTemplate", {}).get("spec", spec).get("template")


def rights(pod):
    """No pod may more than it must."""
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "it may be root, or call whatever the kernel has"
    if pod.get("automountServiceAccountToken") is not False:
        yield "it has a token for Kubernetes"
    for container in pod["containers"]:
        may = container.get("securityContext", {})
        dropped = may.get("capabilities", {}).get("drop") == ["ALL"]
        if not (dropped and may.get("readOnlyRootFilesystem") and may.get("allowPrivilegeEscalation") is False):
            yield f"{container['name']} has rights that it does not need"
        bounds = container.get("resources", {})
        if "memory" not in bounds.get("limits", {}) or "requests" not in bounds:
            yield f"{container['name']} has no bounds"


def mounts(pod, secrets, claims):
    """Volumes are there, and hold what is asked of them."""
    keys = {item["metadata"]["name"]: item["data"].keys() for item in secrets}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    claimed = {claim["metadata"]["name"] for claim in claims}
    for name, volume in volumes.items():
        secret = volume.get("secret", {})
        for asked in secret.get("items", []) if secret.get("secretName") in keys else []:
            if asked["key"] not in keys[secret["secretName"]]:
                yield f"{name}: deploy/helm/secrets makes no {asked['key']} in {secret['secretName']}"
    for container in pod["containers"]:
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes and mount["name"] not in claimed:
                yield f"{container['name']} mounts {mount['name']}, which is no volume"
        for variable in container.get("env", []):
            asked = variable.get("valueFrom", {}).get("secretKeyRef")
            if asked and asked["name"] in keys and asked["key"] not in keys[asked["name"]]:
                yield f"{variable['name']}: deploy/helm/secrets makes no {asked['key']} in {asked['name']}"


def references(item, named, pods):
    """What is named is there; the broker's own objects are the other chart's."""
    spec = item.get("spec", {})
    kind = item["kind"]
    if kind == "Service":
        chosen = [pod for pod in pods if matches(spec["selector"], pod)]
        yield from absent(chosen, [port["targetPort"] for port in spec["ports"]])
    if kind == "PodDisruptionBudget" and not [p for p in pods if matches(spec["selector"]["matchLabels"], p)]:
        yield "it is for no pod"
    if kind == "NetworkPolicy" and spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "muster":
        chosen = [pod for pod in pods if matches(spec["podSelector"]["matchLabels"], pod)]
        yield from absent(chosen, [port["port"] for rule in spec["ingress"] for port in rule["ports"]])
    if kind == "HorizontalPodAutoscaler":
        target = named.get(f"Deployment {spec['scaleTargetRef']['name']}", {"spec": {"replicas": "none"}})
        if "replicas" in target["spec"]:
            yield "what it scales is not there, or has a number of its own"
    for service, port in backends(item):
        there = named.get(f"Service {service}")
        if there and port not in [value for each in there["spec"]["ports"] for value in (each["name"], each["port"])]:
            yield f"{service} has no port {port}"
        if not there and not service.endswith("-nats"):
            yield f"there is no service {service}"


def service(item, named):
    """What keeps a service there while pods start, hang, and leave."""
    pod = item["spec"]["template"]
    for container in pod["spec"]["containers"]:
        for probe, path in PROBES.items():
            if container.get(probe, {}).get("httpGet") != {"path": path, "port": "operator"}:
                yield f"{container['name']} has no {probe} of {path}"
        if "preStop" not in container.get("lifecycle", {}):
            yield f"{container['name']} is told to end while it is still asked"
    spread = pod["spec"].get("topologySpreadConstraints", [])
    if "kubernetes.io/hostname" not in [each["topologyKey"] for each in spread]:
        yield "its pods may all be on one node"
    if not all(matches(each["labelSelector"]["matchLabels"], pod) for each in spread):
        yield "it is spread among other pods than its own"
    if item["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield "an old pod ends before a new one is ready"
    name = item["metadata"]["name"]
    scaler = named.get(f"HorizontalPodAutoscaler {name}")
    pods = scaler["spec"]["minReplicas"] if scaler else item["spec"]["replicas"]
    budget = named.get(f"PodDisruptionBudget {name}")
    if bool(budget) != (pods > 1):
        yield f"it has {pods} pods, and {'a' if budget else 'no'} PodDisruptionBudget"
    if budget and not matches(budget["spec"]["selector"]["matchLabels"], pod):
        yield "its PodDisruptionBudget is for other pods"


def streams(item):
    """What is before the api passes events on as they come, and cuts no stream off."""
    if item["kind"] == "Ingress":
        told = item["metadata"].get("annotations", {})
        if told.get(f"{NGINX}/proxy-buffering") != "off":
            yield "events wait in a buffer"
        for way in ("read", "send"):
            if int(told.get(f"{NGINX}/proxy-{way}-timeout", 0)) < SILENT:
                yield f"a stream ends by proxy-{way}-timeout"
    if item["kind"] == "HTTPRoute":
        for rule in item["spec"]["rules"]:
            if rule.get("timeouts", {}).get("request") != "0s":
                yield "a stream ends by a timeout of the route"


def matches(selector, pod):
    return selector.items() <= pod["metadata"]["labels"].items()


def absent(pods, ports):
    if not pods:
        yield "it is for no pod"
    for pod in pods:
        offered = {port["name"] for container in pod["spec"]["containers"] for port in container.get("ports", [])}
        yield from (f"no pod has the port {port}" for port in set(ports) - offered)


def backends(item):
    if item["kind"] == "Ingress":
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield service["name"], service["port"].get("name", service["port"].get("number"))
    if item["kind"] == "HTTPRoute":
        for rule in item["spec"]["rules"]:
            yield from ((backend["name"], backend["port"]) for backend in rule["backendRefs"])
