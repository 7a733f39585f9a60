import { fireEvent, render, screen } from "@testing-library/react";
import { Component, type ReactNode } from "react";
import { expect, it, vi } from "vitest";
import { fetchSoon, onDemand, whenIdle } from "./on-demand";

const page = () => Promise.resolve({ default: ({ text }: { text: string }) => <p>{text}</p> });
const Meanwhile = ({ text }: { text: string }) => <p>not yet {text}</p>;

it("code that was fetched before is shown at once", async () => {
  const Page = onDemand(page, Meanwhile);
  await Page.preload();
  render(<Page text="there" />);
  expect(screen.getByText("there")).toBeVisible();
});

it("other code is fetched when it is shown, and stays when more of it is rendered", async () => {
  const Page = onDemand(page, Meanwhile);
  const { rerender } = render(<Page text="there" />);
  expect(screen.getByText("not yet there")).toBeVisible();
  const first = await screen.findByText("there");
  rerender(<Page text="still there" />);
  expect(screen.getByText("still there")).toBe(first);
});

class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError = (error: Error) => ({ error });
  override render = () => this.state.error?.message ?? this.props.children;
}

it("code that cannot be fetched is an error of who shows it", async () => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const Page = onDemand<{ text: string }>(() => Promise.reject(new Error("offline")));
  render(
    <Boundary>
      <Page text="there" />
    </Boundary>,
  );
  expect(await screen.findByText("offline")).toBeVisible();
  quiet.mockRestore();
});

it("what will be wanted soon is loaded from the first sign of somebody on", async () => {
  const load = vi.fn(() => Promise.resolve());
  const stop = whenIdle([load]);
  await Promise.resolve();
  expect(load).not.toHaveBeenCalled();
  fireEvent.pointerMove(window);
  await vi.waitFor(() => expect(load).toHaveBeenCalled(), 3_000);
  stop();
});

it("what was fetched ahead leaves no trace, which would keep the build's code from fetching what it imports at once", async () => {
  const told = Object.assign(document.createElement("script"), { type: "text/plain" });
  told.dataset["soon"] = "/assets/one.js /assets/two.js";
  document.head.append(told);
  const links = () => [...document.head.querySelectorAll("link[rel=prefetch]")];
  fetchSoon();
  await vi.waitFor(() => expect(links()).toHaveLength(2), 3_000);
  links()[0]?.dispatchEvent(new Event("load"));
  links()[0]?.dispatchEvent(new Event("error"));
  expect(links()).toHaveLength(0);
  told.remove();
});
