/** What holds a message back, above the composer. */
export function ComposerNote({ text }: { text: string }) {
  return (
    <p role="status" className="px-1 pb-2 text-sm text-ink-2">
      {text}
    </p>
  );
}
