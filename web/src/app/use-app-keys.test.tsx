import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { setSingleKeys } from "@/shared/keys/single-keys";
import { isSteppedTo } from "@/shared/keys/stepped-to";
import { Dialog } from "@/shared/ui/dialog";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/shared/ui/menu";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { useAppKeys } from "./use-app-keys";

const go = vi.hoisted(() => vi.fn());
const place = vi.hoisted((): { session: string | undefined } => ({ session: "s" }));
vi.mock("@/shared/nav/place", () => ({ useGo: () => go, usePlace: () => ({ ...place }) }));
const machines = vi.hoisted(() => ({ data: [{}] as object[] | undefined }));
vi.mock("@/shared/fleet/use-machines", () => ({ useMachines: () => ({ ...machines }) }));
vi.mock("@/shared/fleet/use-sessions", () => ({
  useSessions: () => ({ data: [{ chatSessionId: "s", workerId: "w" }] }),
}));

function Page({ children }: { children?: ReactNode }) {
  useAppKeys();
  return (
    <TooltipProvider>
      <p>open: {useOpenDialog()?.kind ?? "nothing"}</p>
      {children}
    </TooltipProvider>
  );
}

const user = userEvent.setup();

beforeEach(() => {
  go.mockClear();
  place.session = "s";
  setSingleKeys(true);
  closeDialog();
});

it("a letter on the page is a shortcut", async () => {
  render(<Page />);
  await user.keyboard("n");
  expect(go).toHaveBeenCalledWith({ worker: "w" });
});

it.each([
  ["there is none yet", [], "create-machine"],
  ["that is not known yet", undefined, "nothing"],
  ["there is one", [{}], "nothing"],
])("a new session without a worker begins with a machine: %s", async (_, data, opened) => {
  machines.data = data;
  place.session = undefined;
  render(<Page />);
  await user.keyboard("n");
  expect(screen.getByText(`open: ${opened}`)).toBeVisible();
  expect(go).not.toHaveBeenCalled();
  machines.data = [{}];
});

it("J and K lead from session to session, whose composers leave them the focus", async () => {
  const rows = ["s", "s2", "s3"].map((id) => <button key={id} data-session={id} aria-label={id} />);
  const { rerender } = render(<Page>{rows}</Page>);
  const isAt = (session: string) => {
    expect(go).toHaveBeenLastCalledWith({ session });
    expect(isSteppedTo(session)).toBe(true);
    expect(screen.getByRole("button", { name: session })).toHaveFocus();
    place.session = session;
    rerender(<Page>{rows}</Page>);
  };
  await user.keyboard("j");
  isAt("s2");
  await user.keyboard("j");
  isAt("s3");
  await user.keyboard("k");
  isAt("s2");
  // Opened another way, the same session is one to write in.
  place.session = "s";
  rerender(<Page>{rows}</Page>);
  expect(isSteppedTo("s2")).toBe(false);
});

it("what is on its way out is in nobody's way", async () => {
  render(
    <Page>
      <div role="menu" data-state="closed" />
    </Page>,
  );
  await user.keyboard("n");
  expect(go).toHaveBeenCalledWith({ worker: "w" });
});

describe("a letter is none where it means something else", () => {
  it.each([
    ["a field", <input aria-label="there" />],
    [
      "a text that can be edited",
      <div role="textbox" contentEditable aria-label="there" tabIndex={0} />,
    ],
    ["a list to choose from", <div role="listbox" aria-label="there" tabIndex={0} />],
  ])("in %s", async (_, field) => {
    render(<Page>{field}</Page>);
    screen.getByLabelText("there").focus();
    await user.keyboard("nd?");
    expect(go).not.toHaveBeenCalled();
    expect(screen.getByText("open: nothing")).toBeVisible();
  });

  it("while a menu is open", async () => {
    render(
      <Page>
        <Menu>
          <MenuTrigger>More</MenuTrigger>
          <MenuContent>
            <MenuItem>Delete</MenuItem>
          </MenuContent>
        </Menu>
      </Page>,
    );
    await user.click(screen.getByRole("button", { name: "More" }));
    await user.keyboard("n?");
    expect(screen.getByRole("menu")).toBeVisible();
    expect(go).not.toHaveBeenCalled();
    expect(screen.getByText("open: nothing")).toBeInTheDocument();
  });

  it("while a dialog is open, wherever the focus is", async () => {
    render(
      <Page>
        <Dialog open onOpenChange={() => undefined} title="Sure?">
          <p>Think.</p>
        </Dialog>
      </Page>,
    );
    document.body.focus();
    await user.keyboard("n?");
    expect(go).not.toHaveBeenCalled();
  });
});

describe("with single-key shortcuts turned off", () => {
  beforeEach(() => setSingleKeys(false));

  it("only those with Ctrl or ⌘ are left", async () => {
    render(<Page />);
    await user.keyboard("nd?/jk");
    expect(go).not.toHaveBeenCalled();
    expect(screen.getByText("open: nothing")).toBeVisible();
    await user.keyboard("{Control>}k{/Control}");
    expect(screen.getByText("open: palette")).toBeVisible();
  });

  it("this is kept in the browser", async () => {
    vi.resetModules();
    const { singleKeysStore } = await import("@/shared/keys/single-keys");
    expect(singleKeysStore.getState()).toBe(false);
  });
});
