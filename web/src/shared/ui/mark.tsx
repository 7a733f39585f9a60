/** The sign of Muster: a row of figures, one of them called up. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="8" fill="var(--solid)" />
      <g fill="var(--on-solid)">
        <rect x="7" y="17" width="4" height="8" rx="2" />
        <rect x="14" y="12" width="4" height="13" rx="2" />
        <rect x="21" y="17" width="4" height="8" rx="2" />
      </g>
      <circle cx="16" cy="7.5" r="2.2" fill="var(--live)" />
    </svg>
  );
}
