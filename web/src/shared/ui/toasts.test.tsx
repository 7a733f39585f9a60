import { act, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { toast } from "./toast";
import { Toasts } from "./toasts";

/** Whether the code of the place can be fetched. */
const code = vi.hoisted(() => ({ offline: true, asked: 0 }));
vi.mock("./toaster", async (original) => {
  code.asked += 1;
  if (code.offline) throw new Error("offline");
  return await original();
});

it("the place comes with the first toast, and shows it whenever it comes", async () => {
  render(<Toasts />);
  expect(code.asked).toBe(0);
  act(() => toast("One"));
  await vi.waitFor(() => expect(code.asked).toBe(1));
  code.offline = false;
  await vi.waitFor(async () => {
    act(() => toast.error("Two", { id: "two" }));
    await screen.findByText("Two");
  });
  expect(screen.getByText("One")).toBeInTheDocument();
});
