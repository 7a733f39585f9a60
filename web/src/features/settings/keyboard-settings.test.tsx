import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { singleKeysStore } from "@/shared/keys/single-keys";
import { KeyboardSettings } from "./keyboard-settings";

it("single-key shortcuts are on until they are turned off", async () => {
  render(<KeyboardSettings />);
  expect(screen.getByRole("radio", { name: "On" })).toBeChecked();
  await userEvent.click(screen.getByRole("radio", { name: "Off" }));
  expect(screen.getByRole("radio", { name: "Off" })).toBeChecked();
  expect(singleKeysStore.getState()).toBe(false);
  expect(localStorage.getItem("muster.single-keys")).toBe("off");
});
