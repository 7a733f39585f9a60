import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

export const Menu = Radix.Root;
export const MenuTrigger = Radix.Trigger;

export const popLook =
  "animate-enter z-50 overflow-hidden rounded-lg bg-raised text-ink shadow-pop outline-none";

export function MenuContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        sideOffset={5}
        collisionPadding={8}
        className={cn(popLook, "min-w-44 p-1", className)}
        {...props}
      />
    </Radix.Portal>
  );
}

type MenuItemProps = ComponentProps<typeof Radix.Item> & { destructive?: boolean };

export function MenuItem({ destructive, className, ...props }: MenuItemProps) {
  return (
    <Radix.Item
      className={cn(
        "flex h-8 touch items-center gap-2.5 rounded-md px-2.5 text-sm outline-none select-none data-disabled:opacity-45 data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:text-ink-3",
        destructive && "text-bad-ink data-highlighted:bg-bad-soft [&_svg]:text-bad-ink",
        className,
      )}
      {...props}
    />
  );
}

export const MenuRadioGroup = Radix.RadioGroup;

/** One of several; it shows itself whether it is chosen. */
export function MenuRadioItem({ className, ...props }: ComponentProps<typeof Radix.RadioItem>) {
  return (
    <Radix.RadioItem
      className={cn(
        "flex touch items-center gap-2 rounded-md px-2.5 py-1.5 text-sm outline-none select-none data-highlighted:bg-hover",
        className,
      )}
      {...props}
    />
  );
}

export function MenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />;
}
