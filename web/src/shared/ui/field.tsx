import { useId, type ReactNode } from "react";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  children: (ids: {
    id: string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
  }) => ReactNode;
}

/** A label, its control and, below it, what is wrong or good to know. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {label}
      </label>
      {children({
        id,
        "aria-invalid": error !== undefined,
        "aria-describedby": note == null ? undefined : `${id}-note`,
      })}
      {note != null && (
        <p
          id={`${id}-note`}
          role={error === undefined ? undefined : "alert"}
          className={error === undefined ? "text-xs text-ink-3" : "text-xs text-bad-ink"}
        >
          {note}
        </p>
      )}
    </div>
  );
}
