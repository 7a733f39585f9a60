import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { anyDialogOpen, closeDialog, openDialog } from "@/shared/dialogs/dialog-store";
import { Toasts } from "@/shared/ui/toasts";
import { Over } from "./over";

/** Which parts of the page cannot be fetched, and which were asked for. */
const code = vi.hoisted(() => ({ offline: false, asked: [] as string[] }));
const part = vi.hoisted(() => (name: string) => () => {
  code.asked.push(name);
  if (code.offline) throw new Error("offline");
  return { default: () => <p>{name}</p>, FleetDialogs: () => null, SessionDialogs: () => null };
});
vi.mock("@/features/palette/palette", part("palette"));
vi.mock("@/features/palette/shortcuts", part("shortcuts"));
vi.mock("@/features/fleet/fleet-dialogs", part("fleet"));
vi.mock("@/features/session/session-dialogs", part("session"));

const open = () =>
  render(
    <>
      <p>the session</p>
      <Over />
      <Toasts />
    </>,
  );

it("a part that cannot be fetched is told of, and leaves the page as it is", async () => {
  code.offline = true;
  open();
  act(() => openDialog({ kind: "palette" }));
  await vi.waitFor(() => expect(screen.getByText("This could not be loaded")).toBeVisible());
  expect(screen.getByText("the session")).toBeVisible();
  expect(anyDialogOpen()).toBe(false);
  // Only what is shown is needed.
  expect(code.asked).not.toContain("fleet");
  code.offline = false;
});

it("what the keys open is fetched before it is wanted", async () => {
  vi.stubGlobal("requestIdleCallback", (run: () => void) => run());
  open();
  fireEvent.pointerMove(window);
  await vi.waitFor(() =>
    expect(code.asked).toEqual(expect.arrayContaining(["palette", "shortcuts"])),
  );
  vi.unstubAllGlobals();
  act(() => openDialog({ kind: "shortcuts" }));
  expect(await screen.findByText("shortcuts")).toBeVisible();
  act(() => closeDialog());
});
