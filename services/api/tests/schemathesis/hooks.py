"""What schemathesis must know of this API: who asks, what there is, and what must not be taken away from it."""

import os
import time

import requests
import schemathesis

BASE = os.environ["MUSTER_URL"]
NOBODY = "-" * 21


class World:
    """An administrator's sign-in, and one of each thing that has an id."""

    def __init__(self):
        self.session = requests.Session()
        self.session.headers["Origin"] = BASE
        admin = {"username": "admin", "password": os.environ["MUSTER_ADMIN_PASSWORD"]}
        self.user = self.ask("POST", "/auth/login", admin)["userId"]
        self.cookie = self.session.cookies["muster_session"]
        devices = self.ask("GET", "/auth/devices")["items"]
        self.device = next(device["deviceId"] for device in devices if device["current"])
        self.machine = self.ask("GET", "/machines")["items"][0]["machineId"]
        worker = self.online_worker()
        self.worker, self.model = worker["workerId"], worker["models"][0]["modelId"]
        made = self.ask("POST", f"/workers/{self.worker}/sessions", {"model": self.model})
        self.chat = made["chatSessionId"]
        self.message = "first_message_of_test"
        self.ask("POST", f"/sessions/{self.chat}/messages", {"messageId": self.message, "content": "ask"})

    def ask(self, method, path, body=None):
        answer = self.session.request(method, f"{BASE}/api/v1{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def online_worker(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for worker in self.ask("GET", f"/machines/{self.machine}/workers")["items"]:
                if worker["status"] == "online" and worker["models"]:
                    return worker
            time.sleep(0.2)
        raise SystemExit("the worker is not online within a minute")


WORLD = World()
EXISTING = {
    "machineId": WORLD.machine,
    "workerId": WORLD.worker,
    "id": WORLD.chat,
    "messageId": WORLD.message,
    "userId": WORLD.user,
}
# What everything else stands on, or who we are.
KEPT = {WORLD.machine, WORLD.worker, WORLD.chat, WORLD.user, WORLD.device}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Asks as the administrator, who does not remove themselves, often about something that there is."""
    method, path = case.method.upper(), case.operation.path
    signs = path.endswith(("/auth/logout", "/auth/login", "/auth/register"))
    case.headers = {**(case.headers or {}), "Origin": BASE}
    case.headers["Cookie"] = "muster_session=" + (NOBODY if signs else WORLD.cookie)
    parameters = case.path_parameters or {}
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for name, value in parameters.items():
            if name in EXISTING and len(str(value)) % 2 == 0:
                parameters[name] = EXISTING[name]
        # Else no session would ever be made.
        if isinstance(case.body, dict) and len(str(case.body.get("model", "-"))) % 2 == 0:
            case.body["model"] = WORLD.model
    removes = method == "DELETE" or path.endswith(("/users/{userId}", "/end", "/reject"))
    for name, value in parameters.items():
        if removes and value in KEPT:
            parameters[name] = NOBODY
