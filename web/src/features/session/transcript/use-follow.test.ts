import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { afterScroll, useFollow } from "./use-follow";

const at = (top: number, furthest: number) => ({ top, furthest });

it.each([
  ["scrolled up a little", true, at(1000, 1000), at(990, 1000), false],
  ["scrolled up while text came", true, at(1000, 1000), at(990, 1024), false],
  ["text came", true, at(1000, 1000), at(1000, 1024), true],
  ["text went, and the view with it", true, at(1000, 1000), at(900, 900), true],
  ["text went and came again in one frame", true, at(1000, 1000), at(900, 900.5), true],
  ["text came far below", false, at(500, 1000), at(500, 1024), false],
  ["scrolled down, but not to the end", false, at(500, 1000), at(700, 1000), false],
  ["scrolled down to the end", false, at(500, 1000), at(930, 1000), true],
  ["scrolled up near the end", false, at(960, 1000), at(950, 1000), false],
  ["all of it fits", false, at(0, 0), at(0, 0), true],
])("%s: following %s → %s", (_, following, before, now, expected) => {
  expect(afterScroll(following, before, now)).toBe(expected);
});

it("where the page puts the view is no wish of the reader", () => {
  const hook = renderHook(() => useFollow());
  const scrolled = (top: number) =>
    act(() => hook.result.current.onScroll({ currentTarget: log(top) } as never));
  scrolled(1000);
  act(() => hook.result.current.onPlaced(log(900)));
  // The height follows with the next commit; the view was put there before.
  scrolled(900);
  expect(hook.result.current.following).toBe(true);
  scrolled(890);
  expect(hook.result.current.following).toBe(false);
  act(() => hook.result.current.follow());
  expect(hook.result.current.following).toBe(true);
});

const log = (scrollTop: number) =>
  Object.defineProperties(document.createElement("div"), {
    scrollTop: { value: scrollTop },
    scrollHeight: { value: 1500 },
    clientHeight: { value: 500 },
  });
