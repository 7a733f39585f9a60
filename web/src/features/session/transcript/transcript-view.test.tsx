import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionStream } from "../stream/session-stream";
import { SessionStreamContext } from "../stream/use-session-stream";
import { TranscriptView } from "./transcript-view";

/** Each message that was ever rendered. */
const rendered = vi.hoisted(() => new Set<string>());
vi.mock("./transcript-row", () => ({
  TranscriptRow: ({ messageId }: { messageId: string }) => {
    rendered.add(messageId);
    return <p>{messageId}</p>;
  },
}));

const VIEW = 500;
const ROW = 300;

const inner = (el: HTMLElement) =>
  Number.parseFloat((el.lastElementChild as HTMLElement).style.height);
const isLog = (el: HTMLElement) => el.getAttribute("role") === "log";

/** As much of a layout as the list asks for: each row has its height, and the view ends where they do. */
beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  rendered.clear();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = vi.fn();
      unobserve = vi.fn();
      disconnect = vi.fn();
    },
  );
  const of = (name: string, get: (el: HTMLElement) => number) =>
    vi.spyOn(HTMLElement.prototype, name as "offsetHeight", "get").mockImplementation(function (
      this: HTMLElement,
    ) {
      return get(this);
    });
  of("offsetHeight", (el) => (isLog(el) ? VIEW : ROW));
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(VIEW);
  vi.spyOn(Element.prototype, "scrollHeight", "get").mockImplementation(function (this: Element) {
    return inner(this as HTMLElement);
  });
  Element.prototype.scrollTo = function (this: HTMLElement, to?: ScrollToOptions | number) {
    if (typeof to !== "object") return;
    this.scrollTop = Math.max(0, Math.min(to.top ?? 0, inner(this) - VIEW));
    // As in a browser, it is told with the next frame.
    setTimeout(() => fireEvent.scroll(this));
  };
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const ids = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `m${from + i}`);

const unfetched = () =>
  new SessionStream("s", () => Promise.reject(new Error("nothing is fetched")));

/** Opens the session as a page does that was just loaded. */
function open(rows: readonly string[], stream = unfetched()) {
  const page = render(
    <SessionStreamContext value={stream}>
      <TranscriptView rows={rows} tail={null} jump={0} />
    </SessionStreamContext>,
  );
  act(() => void vi.advanceTimersByTime(1000));
  return page;
}

/** A page that is left takes nothing down; its tab keeps what was stored. */
function reload(page: ReturnType<typeof open>, rows: readonly string[]) {
  window.dispatchEvent(new Event("pagehide"));
  const kept = sessionStorage.getItem("muster.place.s");
  page.unmount();
  if (kept !== null) sessionStorage.setItem("muster.place.s", kept);
  return open(rows);
}

const log = () => screen.getByRole("log");
const left = () => inner(log()) - VIEW - log().scrollTop;
/** Which message is at the upper edge, and how much of it is above. */
function topmost() {
  const rows = [...log().querySelectorAll<HTMLElement>("[data-index]")];
  const startOf = (row: HTMLElement) =>
    Number(/translateY\((.*)px\)/.exec(row.style.transform)?.[1]);
  const row = rows.findLast((each) => startOf(each) <= log().scrollTop);
  return row && [row.textContent, log().scrollTop - startOf(row)];
}

function scroll(top: number): void {
  log().scrollTop = top;
  fireEvent.scroll(log());
  act(() => void vi.advanceTimersByTime(1000));
}

it("begins at the end", () => {
  open(ids(0, 40));
  expect(left()).toBe(0);
});

it("renders what is read and a little around it, and nothing on the way there", () => {
  open(ids(0, 40));
  expect([...rendered].every((id) => ids(34, 40).includes(id))).toBe(true);
  cleanup();
  rendered.clear();
  sessionStorage.setItem("muster.place.s", JSON.stringify({ messageId: "m20", above: 20 }));
  open(ids(0, 40));
  expect([...rendered].every((id) => ids(17, 26).includes(id))).toBe(true);
});

it("a reload comes back to what was being read", () => {
  const page = open(ids(0, 40));
  scroll(log().scrollTop - 2000);
  const read = topmost();
  reload(page, ids(0, 40));
  expect(topmost()).toEqual(read);
  expect(left()).toBeGreaterThan(1000);
});

it("a reload right after a scroll comes back too", () => {
  const page = open(ids(0, 40));
  act(() => {
    log().scrollTop -= 2000;
    fireEvent.scroll(log());
  });
  act(() => void vi.advanceTimersByTime(40));
  const read = topmost();
  reload(page, ids(0, 40));
  expect(topmost()).toEqual(read);
});

it("whoever leaves the session and comes back begins at the end", () => {
  const { unmount } = open(ids(0, 40));
  scroll(1000);
  unmount();
  open(ids(0, 40));
  expect(left()).toBe(0);
});

it("comes back to the middle of what is taller than it was taken to be", () => {
  sessionStorage.setItem("muster.place.s", JSON.stringify({ messageId: "m1", above: 250 }));
  open(ids(0, 3));
  expect(topmost()).toEqual(["m1", 250]);
});

it("earlier messages above it do not move it", () => {
  const page = open(ids(0, 40));
  scroll(log().scrollTop - 2000);
  const read = topmost();
  reload(page, ids(20, 40));
  expect(topmost()).toEqual(read);
});

it("what is not loaded any more cannot be come back to: it begins at the end", () => {
  const page = open(ids(0, 40));
  scroll(1000);
  reload(page, ids(20, 40));
  expect(left()).toBe(0);
});

it("who was at the end is there again, with what came meanwhile", () => {
  const page = open(ids(0, 40));
  scroll(1000);
  fireEvent.click(screen.getByRole("button", { name: /go to the end/ }));
  act(() => void vi.advanceTimersByTime(1000));
  reload(page, ids(0, 60));
  expect(left()).toBe(0);
});

it("after coming back the reader is free to move", () => {
  const page = open(ids(0, 40));
  scroll(5000);
  reload(page, ids(0, 40));
  scroll(4000);
  expect(log().scrollTop).toBe(4000);
  expect(screen.getByRole("button", { name: /go to the end/ })).toBeVisible();
});

it("who goes to the end after coming back stays there at the next reload", () => {
  sessionStorage.setItem("muster.place.s", JSON.stringify({ messageId: "m9", above: 20 }));
  open(ids(0, 40));
  fireEvent.click(screen.getByRole("button", { name: /go to the end/ }));
  act(() => void vi.advanceTimersByTime(1000));
  expect(left()).toBe(0);
  expect(sessionStorage.getItem("muster.place.s")).toBeNull();
});

it("earlier messages that cannot be loaded are said to be missing, and tried again", async () => {
  let broken = true;
  const stream = new SessionStream("s", () =>
    broken
      ? Promise.reject(new Error("no network"))
      : Promise.resolve({ items: [], nextBefore: null }),
  );
  stream.store.setState({ phase: "ready", nextBefore: "m0" });
  open(ids(0, 40), stream);
  scroll(100);
  await act(() => vi.advanceTimersByTimeAsync(10));
  expect(screen.getByRole("alert")).toHaveTextContent(
    "Earlier messages could not be loaded: no network",
  );
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(log()).toHaveFocus();
  await act(() => vi.advanceTimersByTimeAsync(10));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(stream.store.getState().nextBefore).toBeNull();
});
