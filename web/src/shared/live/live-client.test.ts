import { beforeEach, expect, it, vi } from "vitest";
import { LiveClient } from "./live-client";
import type { FromTab, ToTab } from "./messages";

/** The hub's end of the port: the test hears and says what the hub would. */
const hub = vi.hoisted(() => ({
  heard: [] as FromTab[],
  onmessage: null as ((event: MessageEvent<ToTab>) => void) | null,
  postMessage(message: FromTab) {
    hub.heard.push(message);
  },
}));
vi.mock("./hub.worker?sharedworker", () => ({
  default: class {
    port = hub;
  },
}));

const say = (data: ToTab) => hub.onmessage?.(new MessageEvent("message", { data }));
const frame = (id: string, event = "chunk") => ({ stream: "s1", id, event, data: {} });
let client: LiveClient;

beforeEach(() => {
  vi.stubGlobal("SharedWorker", vi.fn());
  hub.heard = [];
  client = new LiveClient("u1", () => undefined);
  client.connect();
});

it("a tab that was forgotten goes on from the last that it heard of each session", () => {
  client.watch("s1", "s1:c1-1", () => undefined);
  client.watch("s2", "s2:c1-7", () => undefined);
  client.watch("s3", "s3:c1-9", () => undefined)();
  say({ type: "frames", frames: [frame("s1:c1-2"), frame("s1:c1-3"), frame("s1:c2-0", "resync")] });
  hub.heard = [];
  say({ type: "forgotten" });
  expect(hub.heard).toEqual([
    { type: "watch", session: "s1", cursor: "s1:c1-3" },
    { type: "watch", session: "s2", cursor: "s2:c1-7" },
  ]);
});

it("what was to be followed before there was a connection is followed from when there is one", () => {
  const late = new LiveClient("u1", () => undefined);
  hub.heard = [];
  late.watch("s1", "s1:c1-1", () => undefined);
  expect(hub.heard).toEqual([]);
  late.connect();
  late.connect();
  expect(hub.heard).toEqual([{ type: "watch", session: "s1", cursor: "s1:c1-1" }]);
});
