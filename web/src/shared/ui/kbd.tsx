export function Kbd({ keys }: { keys: string }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line px-1 font-sans text-2xs text-ink-3">
      {keys}
    </kbd>
  );
}
