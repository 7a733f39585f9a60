import * as z from "zod/mini";
import { t } from "@/shared/i18n/strings";

const problem = z.object({
  type: z._default(z.string(), "about:blank"),
  title: z._default(z.string(), ""),
  detail: z.nullish(z.string()),
  errors: z.nullish(z.array(z.object({ pointer: z.string(), detail: z.string() }))),
});

/** A refusal of the API (RFC 9457), or no answer at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  /** The last part of the problem's `type`, stable enough to decide on. */
  readonly slug: string;
  readonly fields: readonly { name: string; detail: string }[];

  private constructor(status: number, slug: string, message: string, fields: ApiError["fields"]) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.slug = slug;
    this.fields = fields;
  }

  static unreachable(): ApiError {
    return new ApiError(0, "unreachable", t.errors.unreachable, []);
  }

  static from(status: number, body: unknown): ApiError {
    const parsed = problem.safeParse(body);
    if (!parsed.success) return new ApiError(status, "unknown", t.errors.status(status), []);
    const { type, title, detail, errors } = parsed.data;
    const slug = type.slice(type.lastIndexOf("/") + 1);
    const own = Object.hasOwn(t.problems, slug) ? t.problems[slug] : undefined;
    const fields = (errors ?? []).map((e) => ({
      name: e.pointer.replace(/^#?\//, ""),
      detail: own ?? e.detail,
    }));
    return new ApiError(status, slug, own ?? detail ?? (title || t.errors.status(status)), fields);
  }
}

/** What to show for any thrown thing. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : t.errors.unknown;
}
