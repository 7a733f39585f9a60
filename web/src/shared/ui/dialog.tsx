import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { rememberOpener, returnFocus } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { cn } from "./cn";
import { IconButton } from "./icon-button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** Centred on a wide screen, rising from the bottom edge on a phone. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  className,
  children,
}: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-veil" />
        <Radix.Content
          onOpenAutoFocus={focusWithoutTooltip}
          onCloseAutoFocus={returnFocus}
          {...(description == null && { "aria-describedby": undefined })}
          className={cn(
            "fixed z-40 flex max-h-[88dvh] animate-enter flex-col overflow-y-auto scroll-smooth bg-raised p-5 shadow-pop outline-none",
            "inset-x-0 bottom-0 rounded-t-xl pb-[max(1.25rem,env(safe-area-inset-bottom))]",
            "sm:inset-auto sm:top-[14vh] sm:left-1/2 sm:w-[30rem] sm:-translate-x-1/2 sm:rounded-xl",
            className,
          )}
        >
          <Radix.Title className="pr-9 text-lg font-semibold tracking-[-0.01em] text-balance">
            {title}
          </Radix.Title>
          {description != null && (
            <Radix.Description className="mt-1 text-sm text-pretty text-ink-2">
              {description}
            </Radix.Description>
          )}
          <div className="mt-4 min-w-0">{children}</div>
          <Radix.Close asChild>
            <IconButton label={t.common.close} className="absolute top-3.5 right-3.5">
              <X />
            </IconButton>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A button of an icon would show its tooltip over what is to be read: the dialog itself is focused before that. */
export function focusWithoutTooltip(event: Event): void {
  rememberOpener();
  const dialog = event.currentTarget as HTMLElement;
  const first = dialog.querySelector("a, button, input, select, textarea");
  if (first?.matches("button[aria-label]") !== true) return;
  event.preventDefault();
  dialog.focus();
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}
