import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { useAppKeys } from "./use-app-keys";
import { useDetailOpen } from "./use-detail-open";

const place = vi.hoisted((): { session: string | undefined } => ({ session: "s" }));
vi.mock("@/shared/nav/place", () => ({ useGo: () => vi.fn(), usePlace: () => place }));
vi.mock("@/shared/fleet/use-machines", () => ({ useMachines: () => ({ data: [] }) }));
vi.mock("@/shared/fleet/use-sessions", () => ({
  useSessions: () => ({ data: [{ chatSessionId: "s", workerId: "w" }] }),
}));

function Page() {
  useAppKeys();
  return (
    <>
      <p>dialog: {useOpenDialog()?.kind ?? "none"}</p>
      <p>details: {useDetailOpen() ?? "closed"}</p>
    </>
  );
}

/** The window, as wide as the test wants it. */
const media = Object.assign(new EventTarget(), { matches: true });
const makeWide = (wide: boolean) => {
  media.matches = wide;
  media.dispatchEvent(new Event("change"));
};

const user = userEvent.setup();

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => media);
  makeWide(true);
  place.session = "s";
  closeDialog();
});

it("D opens the details beside the session, and closes them", async () => {
  render(<Page />);
  await user.keyboard("d");
  expect(screen.getByText("details: beside")).toBeVisible();
  await user.keyboard("d");
  expect(screen.getByText("details: closed")).toBeVisible();
});

it("D opens the details over the session where there is no room beside it", async () => {
  makeWide(false);
  render(<Page />);
  await user.keyboard("d");
  expect(screen.getByText("details: over")).toBeVisible();
  act(() => makeWide(true));
  expect(screen.getByText("details: closed")).toBeVisible();
  expect(screen.getByText("dialog: none")).toBeVisible();
});

it("D does nothing where no session is open", async () => {
  makeWide(false);
  place.session = undefined;
  render(<Page />);
  await user.keyboard("d");
  expect(screen.getByText("dialog: none")).toBeVisible();
});
