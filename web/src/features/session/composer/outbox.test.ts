import { beforeEach, describe, expect, it, vi } from "vitest";
import { OWN } from "@/shared/account/own-storage";
import type { Outgoing } from "./outbox";

const message = (messageId: string, more: Partial<Outgoing> = {}): Outgoing => ({
  messageId,
  userId: "me",
  sessionId: "s",
  content: `text of ${messageId}`,
  files: [],
  model: "m",
  writtenAt: Number(messageId.replace(/\D/g, "")),
  state: "waiting",
  error: null,
  ...more,
});

/** A tab of this browser: the page's code loaded once more, over the same storage. */
async function openTab() {
  vi.resetModules();
  const { dropOutgoing, heldUp, putOutgoing } = await import("./outbox");
  return {
    put: (item: Outgoing) => telling(() => putOutgoing(item)),
    drop: (messageId: string) => telling(() => dropOutgoing(messageId)),
    get waiting() {
      return heldUp("me").map((item) => item.messageId);
    },
  };
}

/** What one tab writes, a browser tells the others. */
function telling(write: () => void): void {
  const before = new Map(Object.entries<string>(localStorage));
  write();
  for (const key of new Set([...before.keys(), ...Object.keys(localStorage)])) {
    const newValue = localStorage.getItem(key);
    if (before.get(key) !== newValue)
      window.dispatchEvent(new StorageEvent("storage", { key, newValue }));
  }
}

beforeEach(() => localStorage.clear());

describe("tabs keep each other's unsent messages", () => {
  it("what two tabs wrote is there after a reload", async () => {
    const [one, other] = [await openTab(), await openTab()];
    one.put(message("m1"));
    other.put(message("m2"));
    one.put(message("m3"));
    expect((await openTab()).waiting).toEqual(["m1", "m2", "m3"]);
  });

  it("what cannot be read is passed over", async () => {
    localStorage.setItem(`${OWN}outbox.m1`, "{");
    localStorage.setItem(`${OWN}outbox.m2`, JSON.stringify(message("m2")));
    expect((await openTab()).waiting).toEqual(["m2"]);
  });

  it("what one tab has sent, the other does not send again", async () => {
    const [one, other] = [await openTab(), await openTab()];
    one.put(message("m1"));
    expect(other.waiting).toEqual(["m1"]);
    one.drop("m1");
    expect(other.waiting).toEqual([]);
    expect((await openTab()).waiting).toEqual([]);
  });

  it("they are sent in the order in which they were written, whichever was tried last", async () => {
    const [one, other] = [await openTab(), await openTab()];
    one.put(message("m2"));
    other.put(message("m1"));
    one.put(message("m2", { state: "sending" }));
    expect(one.waiting).toEqual(["m1", "m2"]);
    expect(other.waiting).toEqual(["m1", "m2"]);
  });

  it("nothing is left when all is forgotten, as by signing out", async () => {
    const [one, other] = [await openTab(), await openTab()];
    one.put(message("m1"));
    expect(other.waiting).toEqual(["m1"]);
    localStorage.clear();
    window.dispatchEvent(new StorageEvent("storage", { key: null }));
    expect(other.waiting).toEqual([]);
  });
});

it("what was on its way when the page was left is not sent by itself, only offered", async () => {
  (await openTab()).put(message("m1", { state: "sending" }));
  expect((await openTab()).waiting).toEqual([]);
  expect(localStorage.getItem(`${OWN}outbox.m1`)).toContain("text of m1");
});

it("takes over what an earlier version kept in one list", async () => {
  const old = { ...message("m9"), writtenAt: undefined };
  const items = [old, { ...old, messageId: "m4" }];
  localStorage.setItem(`${OWN}outbox`, JSON.stringify({ state: { items }, version: 0 }));
  expect((await openTab()).waiting).toEqual(["m9", "m4"]);
  expect(localStorage.getItem(`${OWN}outbox`)).toBeNull();
  expect((await openTab()).waiting).toEqual(["m9", "m4"]);
});
