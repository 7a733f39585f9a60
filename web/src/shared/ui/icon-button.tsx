import type { ComponentProps, ReactNode } from "react";
import { Button } from "./button";
import { Tooltip } from "./tooltip";

type IconButtonProps = Omit<ComponentProps<typeof Button>, "aria-label" | "size"> & {
  label: string;
  keys?: ReactNode;
  size?: "icon" | "icon-sm";
};

/** A button that shows only an icon: its name is a tooltip and what a screen reader says. */
export function IconButton({
  label,
  keys,
  size = "icon",
  look = "ghost",
  ...props
}: IconButtonProps) {
  return (
    <Tooltip
      text={
        <>
          {label} {keys}
        </>
      }
    >
      <Button aria-label={label} size={size} look={look} {...props} />
    </Tooltip>
  );
}
