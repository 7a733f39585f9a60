import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { de } from "@/shared/i18n/de";
import { Toaster } from "./toaster";

vi.mock("@/shared/i18n/strings", async () => ({ t: (await import("@/shared/i18n/de")).de }));

it("the place of the toasts is named in the language of the page", () => {
  render(<Toaster />);
  expect(screen.getByRole("region")).toHaveAccessibleName(new RegExp(`^${de.notices.title}`));
});
