import type { ComponentProps } from "react";
import { cn } from "./cn";

export const fieldLook =
  "w-full rounded-md border border-line-strong bg-raised px-2.5 text-base text-ink shadow-low placeholder:text-ink-3 aria-invalid:border-bad md:text-sm";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(fieldLook, "h-9", className)} {...props} />;
}
