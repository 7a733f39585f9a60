import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { returnFocus } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { cn } from "./cn";
import { focusWithoutTooltip } from "./dialog";
import { IconButton } from "./icon-button";

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
          onOpenAutoFocus={focusWithoutTooltip}
          onCloseAutoFocus={returnFocus}
          className={cn(
            "fixed inset-y-0 z-40 flex w-[min(21rem,88vw)] flex-col bg-panel shadow-pop outline-none",
            side === "start" ? "left-0 animate-slide" : "right-0 animate-slide-end",
          )}
        >
          {/* What comes from the start has a header of its own. */}
          <Radix.Title
            className={
              side === "start" ? "sr-only" : "flex h-12 shrink-0 items-center px-4 font-semibold"
            }
          >
            {title}
          </Radix.Title>
          <div className="min-h-0 flex-1">{children}</div>
          <Radix.Close asChild>
            <IconButton
              label={t.common.close}
              className="absolute top-2 right-2 pointer-coarse:top-1"
            >
              <X />
            </IconButton>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
