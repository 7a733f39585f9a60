import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { useKeptFocus } from "./use-kept-focus";

function Box({ asks }: { asks: boolean }) {
  return (
    <div {...useKeptFocus("input")}>
      {asks && <button type="button">Stop</button>}
      <input aria-label="text" />
    </div>
  );
}

it("what had the focus and is gone leaves it to what stays", () => {
  const { rerender } = render(<Box asks />);
  screen.getByRole("button").focus();
  rerender(<Box asks={false} />);
  expect(screen.getByRole("textbox")).toHaveFocus();
});

it("whoever left the box, or only what is still there, is not called back", () => {
  const { rerender } = render(<Box asks />);
  screen.getByRole("button").focus();
  screen.getByRole("button").blur();
  rerender(<Box asks />);
  expect(document.body).toHaveFocus();
  screen.getByRole("textbox").focus();
  screen.getByRole("textbox").blur();
  rerender(<Box asks={false} />);
  expect(document.body).toHaveFocus();
});
