import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RowInTime } from "./row-in-time";

/** What a row costs. */
const ROW_MS = 20;
const rendered = vi.hoisted(() => new Set<string>());
vi.mock("./transcript-row", () => ({
  TranscriptRow: ({ messageId }: { messageId: string }) => {
    if (!rendered.has(messageId)) vi.setSystemTime(performance.now() + ROW_MS);
    rendered.add(messageId);
    return <p>{messageId}</p>;
  },
}));

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.spyOn(performance, "now").mockImplementation(() => Date.now());
  rendered.clear();
});
afterEach(() => {
  act(() => void vi.runAllTimers());
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const rows = (ids: readonly string[], passing: boolean) =>
  ids.map((id) => <RowInTime key={id} messageId={id} passing={passing} height={180} />);
/** One painted frame, and what was put off until after it. */
const frame = () =>
  act(() => {
    vi.advanceTimersToNextFrame();
    vi.advanceTimersByTime(1);
  });

it("what is read is there at once", () => {
  render(<>{rows(["m1", "m2"], false)}</>);
  expect(screen.getByText("m2")).toBeVisible();
});

it("rows that come while the list is scrolled are rendered one in a frame, those that came first before", () => {
  const { container } = render(<>{rows(["m1", "m2", "m3"], true)}</>);
  expect([...rendered]).toEqual([]);
  expect([...container.children].map((row) => (row as HTMLElement).style.height)).toEqual([
    "180px",
    "180px",
    "180px",
  ]);
  frame();
  expect([...rendered]).toEqual(["m1"]);
  frame();
  expect([...rendered]).toEqual(["m1", "m2"]);
});

it("what was scrolled past is never rendered", () => {
  const { rerender } = render(<>{rows(["m1", "m2"], true)}</>);
  rerender(<>{rows(["m2"], true)}</>);
  frame();
  frame();
  expect([...rendered]).toEqual(["m2"]);
});

it("a row stays when the scrolling goes on", () => {
  const { rerender } = render(<>{rows(["m1"], false)}</>);
  const row = screen.getByText("m1");
  rerender(<>{rows(["m1"], true)}</>);
  expect(screen.getByText("m1")).toBe(row);
});
