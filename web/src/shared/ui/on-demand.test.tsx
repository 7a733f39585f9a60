import { render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { onDemand } from "./on-demand";

const page = () => Promise.resolve({ default: ({ text }: { text: string }) => <p>{text}</p> });
const show = (Page: ReturnType<typeof onDemand<{ text: string }>>) =>
  render(
    <Suspense fallback="loading">
      <Page text="there" />
    </Suspense>,
  );

it("code that was fetched before is shown at once", async () => {
  const Page = onDemand(page);
  await Page.preload();
  show(Page);
  expect(screen.getByText("there")).toBeVisible();
});

it("other code is fetched when it is shown, and stays when more of it is rendered", async () => {
  const Page = onDemand(page);
  const { rerender } = show(Page);
  expect(screen.getByText("loading")).toBeVisible();
  const first = await screen.findByText("there");
  rerender(
    <Suspense fallback="loading">
      <Page text="still there" />
    </Suspense>,
  );
  expect(screen.getByText("still there")).toBe(first);
});
