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
        yield from (f"{name}: {what}" for what in mounts(pod["spec"], secrets))
    for name, item in named.items():
        yield from (f"{name}: {what}" for what in references(item, named, list(pods.values())))


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
        if "memory" not in container["resources"].get("limits", {}) or "requests" not in container["resources"]:
            yield f"{container['name']} has no bounds"


def mounts(pod, secrets):
    """Volumes are there, and hold what is asked of them."""
    keys = {item["metadata"]["name"]: item["data"].keys() for item in secrets}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    for name, volume in volumes.items():
        secret = volume.get("secret", {})
        for asked in secret.get("items", []) if secret.get("secretName") in keys else []:
            if asked["key"] not in keys[secret["secretName"]]:
                yield f"{name}: deploy/helm/secrets makes no {asked['key']} in {secret['secretName']}"
    for container in pod["containers"]:
        for mount in container.get("volumeMounts", []):
            # A volume of a stateful set comes from its claims.
            if mount["name"] not in volumes and mount["name"] != "data":
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
