declare global {
  interface Window {
    /** What was asked before whoever wants it was there, by path; first by public/first.js. */
    askedAhead?: Map<string, Promise<Response>>;
  }
}

/** Asks for what will be wanted by code that is still on its way. */
export function askAhead(path: string): void {
  const asked = (window.askedAhead ??= new Map());
  const answer = fetch(path);
  // Whoever wants it is told why it failed.
  answer.catch(() => undefined);
  asked.set(path, answer);
}

/** An answer that was asked for ahead, for the one who wants it first. */
export function askedAhead({ method, url }: Request): Promise<Response> | undefined {
  const path = url.slice(location.origin.length);
  const answer = method === "GET" ? window.askedAhead?.get(path) : undefined;
  if (answer !== undefined) window.askedAhead?.delete(path);
  return answer;
}

/** From here on only what is asked from here on is good enough. */
export function forgetAskedAhead(): void {
  window.askedAhead?.clear();
}
