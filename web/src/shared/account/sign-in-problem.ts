import { ApiError, messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";

/** What a problem of signing in means, by the code that the server or the browser gives it. */
export function problemText(code: string): string | undefined {
  const texts: Record<string, string> = t.signInProblems;
  return Object.hasOwn(texts, code) ? texts[code] : undefined;
}

/** The same for any thrown thing: a refusal of the server, or of the browser and its authenticator. */
export function signInProblem(error: unknown): string {
  if (error instanceof ApiError) return problemText(error.slug) ?? error.message;
  if (error instanceof Error) return problemText(error.name) ?? messageOf(error);
  return t.errors.unknown;
}
