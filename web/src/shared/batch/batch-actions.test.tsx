import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { BatchActions, type BatchTask } from "./batch-actions";

const user = userEvent.setup();

/** Things that wait, each until the test decides how it goes. */
function things(...names: string[]) {
  const decided = new Map<string, { done: () => void; failed: (why: string) => void }>();
  const tasks = names.map((name): BatchTask => ({
    key: name,
    name,
    run: () =>
      new Promise<void>((resolve, reject) =>
        decided.set(name, { done: resolve, failed: (why) => reject(new Error(why)) }),
      ),
  }));
  return { tasks, decided };
}

const bar = (tasks: readonly BatchTask[], confirm?: { title: string; text: string }) => (
  <BatchActions
    label="They wait"
    actions={[{ label: "All", tasks, ...(confirm && { confirm }) }]}
  />
);

it("one thing alone has its own buttons", () => {
  const { container } = render(bar(things("a").tasks));
  expect(container).toBeEmptyDOMElement();
});

it("goes through all of them, one after the other, and says how far it is", async () => {
  const { tasks, decided } = things("a", "b");
  render(bar(tasks));
  await user.click(screen.getByRole("button", { name: "All" }));
  expect(screen.getByRole("status")).toHaveTextContent("0 of 2");
  expect(screen.getByRole("button", { name: "All" })).toBeDisabled();
  expect([...decided.keys()]).toEqual(["a"]);
  decided.get("a")?.done();
  await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("1 of 2"));
  decided.get("b")?.done();
  await waitFor(() => expect(screen.getByRole("status")).toBeEmptyDOMElement());
  expect(screen.queryByRole("alert")).toBeNull();
});

it("says what failed and why, and goes on with the others", async () => {
  const { tasks, decided } = things("a", "b", "c");
  const { rerender } = render(bar(tasks));
  await user.click(screen.getByRole("button", { name: "All" }));
  decided.get("a")?.failed("It is broken.");
  await waitFor(() => expect(decided.has("b")).toBe(true));
  decided.get("b")?.done();
  await waitFor(() => expect(decided.has("c")).toBe(true));
  decided.get("c")?.done();
  rerender(bar(tasks.slice(0, 1)));
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "1 could not be decided:a: It is broken.",
  );
});

it("what was decided elsewhere meanwhile is no failure", async () => {
  const { tasks, decided } = things("a", "b", "c");
  const { rerender } = render(bar(tasks));
  await user.click(screen.getByRole("button", { name: "All" }));
  rerender(bar(tasks.slice(1)));
  decided.get("a")?.failed("It is gone.");
  await waitFor(() => expect(decided.has("b")).toBe(true));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("what failed can be tried again", async () => {
  const run = vi.fn().mockRejectedValueOnce(new Error("Not now.")).mockResolvedValue(undefined);
  render(bar(["a", "b"].map((key) => ({ key, name: key, run }))));
  await user.click(screen.getByRole("button", { name: "All" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("a: Not now.");
  await user.click(screen.getByRole("button", { name: "All" }));
  await waitFor(() => expect(run).toHaveBeenCalledTimes(4));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("asks before it begins where that is wanted", async () => {
  const { tasks, decided } = things("a", "b");
  render(bar(tasks, { title: "Really?", text: "It is for good." }));
  await user.click(screen.getByRole("button", { name: "All" }));
  const dialog = screen.getByRole("alertdialog", { name: "Really?" });
  expect(dialog).toHaveTextContent("It is for good.");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.queryByRole("alertdialog")).toBeNull();
  expect(decided.size).toBe(0);
  await user.click(screen.getByRole("button", { name: "All" }));
  await user.click(screen.getByRole("button", { name: "All" }));
  expect(screen.queryByRole("alertdialog")).toBeNull();
  expect([...decided.keys()]).toEqual(["a"]);
});
