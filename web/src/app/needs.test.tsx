import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { DrawerButton } from "./drawer-button";
import { NeedsAnnouncer } from "./needs-announcer";

const needs = vi.hoisted(() => ({ requests: [] as { title: string }[], count: 0 }));
vi.mock("./use-needs", () => ({ useNeeds: () => ({ ...needs }) }));

const page = () => (
  <TooltipProvider>
    <DrawerButton />
    <NeedsAnnouncer />
  </TooltipProvider>
);

it("the drawer's button counts what needs the user, and what is new is said", () => {
  const { rerender, container } = render(page());
  const button = screen.getByRole("button", { name: "Open machines and sessions" });
  const said = container.querySelector("[aria-live=polite]");
  expect(button).toHaveTextContent("");
  expect(said).toHaveTextContent(/^$/);
  Object.assign(needs, { requests: [{ title: "Run a command" }], count: 2 });
  rerender(page());
  expect(button).toHaveTextContent("2");
  expect(button).toHaveAccessibleName("Open machines and sessions. 2 things need you");
  expect(said).toHaveTextContent("2 things need you · Run a command");
});
