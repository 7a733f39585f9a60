import { ToggleGroup } from "radix-ui";
import { useId } from "react";

interface ChoiceProps<K extends string> {
  label: string;
  /** The label is for screen readers only. */
  hideLabel?: boolean;
  options: Record<K, string>;
  value: K;
  onChange: (value: K) => void;
}

/** One of a few, all of them in sight. */
export function Choice<K extends string>({
  label,
  hideLabel,
  options,
  value,
  onChange,
}: ChoiceProps<K>) {
  const id = useId();
  return (
    <div className="flex flex-wrap items-center justify-between gap-2">
      <span id={id} className={hideLabel ? "sr-only" : undefined}>
        {label}
      </span>
      <ToggleGroup.Root
        type="single"
        aria-labelledby={id}
        value={value}
        // Pressing the chosen one again would choose nothing.
        onValueChange={(next) => next !== "" && onChange(next as K)}
        className="flex flex-wrap rounded-md border border-line bg-panel p-0.5"
      >
        {(Object.entries(options) as [K, string][]).map(([key, text]) => (
          <ToggleGroup.Item
            key={key}
            value={key}
            className="h-7 touch rounded-sm px-3 text-ink-2 hover:text-ink data-[state=on]:bg-raised data-[state=on]:text-ink data-[state=on]:shadow-low"
          >
            {text}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
    </div>
  );
}
