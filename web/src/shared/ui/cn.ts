import { clsx, type ClassValue } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

// Without it, `text-2xs` (a size) and `text-ink-2` (a colour) would count as the same setting.
const merge = extendTailwindMerge({ extend: { theme: { text: ["2xs"] } } });

export function cn(...inputs: ClassValue[]): string {
  return merge(clsx(inputs));
}
