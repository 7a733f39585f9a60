import { Check } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "./cn";

type TickProps = Omit<ComponentProps<"input">, "type" | "className"> & {
  type: "checkbox" | "radio";
};

/**
 * The browser's own are hardly seen on a dark page; whoever forces colours gets those all the same.
 * The label around it shows the focus.
 */
export function Tick({ type, ...props }: TickProps) {
  return (
    <span className="relative mt-1 grid size-4 shrink-0 place-items-center">
      <input
        type={type}
        {...props}
        className={cn(
          "peer size-4 appearance-none border border-line-strong bg-paper outline-none checked:border-signal checked:bg-signal forced-colors:appearance-auto",
          type === "radio" ? "rounded-full" : "rounded-sm",
        )}
      />
      {type === "radio" ? (
        <span className="pointer-events-none absolute size-1.5 rounded-full bg-paper opacity-0 peer-checked:opacity-100 forced-colors:hidden" />
      ) : (
        <Check
          aria-hidden
          className="pointer-events-none absolute size-3 stroke-3 text-paper opacity-0 peer-checked:opacity-100 forced-colors:hidden"
        />
      )}
    </span>
  );
}
