import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

/** jsdom has no media queries; to tests the page is a desk with a mouse and no wishes. */
window.matchMedia = (media) =>
  Object.assign(new EventTarget(), {
    media,
    matches: media === "(pointer: fine)",
  }) as MediaQueryList;

afterEach(() => {
  cleanup();
  localStorage.clear();
});
