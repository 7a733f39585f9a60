import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { PageTitle, TitleCount } from "./page-title";

it("names the tab over what the page came with, for as long as it is shown", () => {
  document.title = "Muster";
  const { rerender } = render(<PageTitle of="laptop" />);
  expect(document.title).toBe("laptop · Muster");
  rerender(<PageTitle of="server" />);
  expect(document.title).toBe("server · Muster");
  rerender(<PageTitle key="unknown" of="" />);
  expect(document.title).toBe("Muster");
});

it("counts what needs the user, before all that may be cut off", () => {
  const page = (count: number) => (
    <TitleCount value={count}>
      <PageTitle of="Settings" />
    </TitleCount>
  );
  const { rerender } = render(page(2));
  expect(document.title).toBe("(2) Settings · Muster");
  rerender(page(0));
  expect(document.title).toBe("Settings · Muster");
});
