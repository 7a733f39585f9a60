import { Tooltip as Radix } from "radix-ui";
import type { FocusEvent, ReactNode } from "react";

export const TooltipProvider = Radix.Provider;

interface TooltipProps {
  text: ReactNode;
  side?: "top" | "bottom" | "left" | "right";
  children: ReactNode;
}

export function Tooltip({ text, side = "bottom", children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild onFocus={onlyByKeyboard}>
        {children}
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-72 animate-fade rounded-md bg-solid px-2 py-1 text-xs text-on-solid"
        >
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Focus that is given back after a click explains nothing, and would lie over what is clicked next. */
function onlyByKeyboard(event: FocusEvent) {
  if (!event.currentTarget.matches(":focus-visible")) event.preventDefault();
}
