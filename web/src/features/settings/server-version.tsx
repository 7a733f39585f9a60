import { useServer } from "@/shared/fleet/use-server";

/** Which Muster this is, as an operator is asked for it. */
export function ServerVersion() {
  const server = useServer().data;
  if (server === undefined) return null;
  return (
    <p className="mt-8 border-t border-line pt-5 text-xs text-ink-3">Muster {server.version}</p>
  );
}
