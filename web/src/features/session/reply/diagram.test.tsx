import { act, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { setTheme } from "@/shared/theme/theme";
import { Diagram } from "./diagram";

vi.mock("./draw-diagram", () => ({
  drawDiagram: (source: string, dark: boolean) =>
    Promise.resolve(`data:,${source}-${dark ? "dark" : "light"}`),
}));

afterEach(() => vi.unstubAllGlobals());

it("a diagram is drawn anew when the system turns dark, unless a theme was chosen", async () => {
  const system = Object.assign(new EventTarget(), { matches: false });
  vi.stubGlobal("matchMedia", () => system);
  const turn = (dark: boolean) => {
    system.matches = dark;
    act(() => void system.dispatchEvent(new Event("change")));
  };
  const looks = (look: string) =>
    vi.waitFor(() => expect(screen.getByRole("img")).toHaveAttribute("src", `data:,a-${look}`));
  render(<Diagram source="a" otherwise="a" />);
  await looks("light");
  turn(true);
  await looks("dark");
  act(() => setTheme("light"));
  await looks("light");
  act(() => setTheme("system"));
  await looks("dark");
});
