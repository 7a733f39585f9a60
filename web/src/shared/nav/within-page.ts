/** Only a path of this page, as a browser reads it: an address from outside must not decide where a sign-in leads. */
export function withinPage(path: string | null): string | undefined {
  if (path?.startsWith("/") !== true || !URL.canParse(path, location.origin)) return undefined;
  const { origin, pathname, search, hash } = new URL(path, location.origin);
  return origin === location.origin && !pathname.startsWith("//")
    ? pathname + search + hash
    : undefined;
}
