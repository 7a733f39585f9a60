import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { returnFocus } from "@/shared/dialogs/dialog-store";
import { cn } from "./cn";

interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  side: "start" | "end";
  children: ReactNode;
}

/** A drawer over the page, for what is a column on a wide screen. */
export function Sheet({ open, onOpenChange, title, side, children }: SheetProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-veil" />
        <Radix.Content
          aria-describedby={undefined}
          onCloseAutoFocus={returnFocus}
          className={cn(
            "fixed inset-y-0 z-40 flex w-[min(21rem,88vw)] flex-col bg-panel shadow-pop outline-none",
            side === "start" ? "left-0 animate-slide" : "right-0 animate-slide-end",
          )}
        >
          <Radix.Title className="sr-only">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
