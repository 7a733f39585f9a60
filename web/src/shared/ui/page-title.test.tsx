import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { PageTitle } from "./page-title";

it("names the tab over what the page came with, for as long as it is shown", () => {
  document.title = "Muster";
  const { rerender } = render(<PageTitle of="laptop" />);
  expect(document.title).toBe("laptop · Muster");
  rerender(<PageTitle of="server" />);
  expect(document.title).toBe("server · Muster");
  rerender(<PageTitle key="unknown" of="" />);
  expect(document.title).toBe("Muster");
});
