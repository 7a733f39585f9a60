/** Only a path of this page: an address from outside must not decide where a sign-in leads. */
export function withinPage(path: string | null): string | undefined {
  return path !== null && /^\/(?![/\\])/.test(path) ? path : undefined;
}
