import { AlertDialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { rememberOpener, returnFocus } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { Button } from "./button";

interface ConfirmDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  text: ReactNode;
  action: string;
  destructive?: boolean;
  onConfirm: () => void;
}

/** Asks once before something that cannot be taken back, and says what will be gone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-veil" />
        <Radix.Content
          onOpenAutoFocus={rememberOpener}
          onCloseAutoFocus={returnFocus}
          className="fixed inset-x-4 top-[22vh] z-40 mx-auto max-w-[26rem] animate-enter rounded-xl bg-raised p-5 shadow-pop outline-none"
        >
          <Radix.Title className="text-lg font-semibold tracking-[-0.01em]">
            {props.title}
          </Radix.Title>
          <Radix.Description className="mt-1.5 text-pretty text-ink-2">
            {props.text}
          </Radix.Description>
          <div className="mt-5 flex justify-end gap-2">
            <Radix.Cancel asChild>
              <Button>{t.common.cancel}</Button>
            </Radix.Cancel>
            <Radix.Action asChild onClick={props.onConfirm}>
              <Button
                look={props.destructive ? "danger" : "solid"}
                className={props.destructive ? "border-bad/50" : undefined}
              >
                {props.action}
              </Button>
            </Radix.Action>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
