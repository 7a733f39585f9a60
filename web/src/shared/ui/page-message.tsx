import type { ReactNode } from "react";

/** A screen that has one thing to say: an empty state, a 404, an error. */
export function PageMessage({
  title,
  text,
  children,
}: {
  title: string;
  text: string;
  children?: ReactNode;
}) {
  return (
    <div className="m-auto flex w-full max-w-md flex-col items-start gap-2 p-6">
      <h1 className="text-xl font-semibold tracking-[-0.015em] text-balance">{title}</h1>
      <p className="text-base text-pretty text-ink-2">{text}</p>
      {children != null && <div className="mt-3 flex w-full flex-wrap gap-2">{children}</div>}
    </div>
  );
}
