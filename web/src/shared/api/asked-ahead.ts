declare global {
  interface Window {
    /** What public/ahead.js asked before this program was there, by path. */
    askedAhead?: Map<string, Promise<Response>>;
  }
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
