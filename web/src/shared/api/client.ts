import createClient from "openapi-fetch";
import { ApiError } from "./api-error";
import { askedAhead } from "./asked-ahead";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];

export const api = createClient<paths>({
  baseUrl: location.origin,
  // Looked up at each call, so that a test can stand in for the server.
  fetch: (request) => askedAhead(request) ?? globalThis.fetch(request),
});

/** The answer's body, or an {@link ApiError} that says what went wrong. */
export async function must<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  let answer;
  try {
    answer = await call;
  } catch {
    throw ApiError.unreachable();
  }
  if (!answer.response.ok) throw ApiError.from(answer.response.status, answer.error);
  return answer.data as T;
}
