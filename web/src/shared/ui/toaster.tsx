import { useEffect } from "react";
import { toast, Toaster as Sonner } from "sonner";
import { t } from "@/shared/i18n/strings";
import { showToasts } from "./toast";

const SHOWN_MS = 4_000;

/** At the top: at the bottom are the composer and, on a phone, the buttons of every dialog. */
export function Toaster() {
  useEffect(() => showToasts(toast), []);
  return (
    <Sonner
      containerAriaLabel={t.notices.title}
      position="top-center"
      duration={SHOWN_MS}
      offset="var(--toast-edge)"
      mobileOffset="var(--toast-edge)"
      gap={8}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            "flex w-full items-center gap-2.5 rounded-lg bg-raised px-3.5 py-3 text-sm text-ink shadow-pop [&_svg]:size-4 sm:w-80",
          title: "font-medium",
          description: "text-ink-2",
          success: "[&_[data-icon]]:text-live-ink",
          error: "[&_[data-icon]]:text-bad-ink",
          actionButton:
            "ml-auto rounded-md px-2 py-1 text-xs font-medium text-signal hover:bg-hover",
        },
      }}
    />
  );
}
