import { beforeEach, describe, expect, it, vi } from "vitest";

const refused = {
  type: "/problems/session-terminated",
  title: "Conflict",
  detail: "This session has ended; resume it before you write.",
};
const taken = {
  type: "/problems/username-taken",
  title: "Conflict",
  detail: "This name is taken.",
  errors: [{ pointer: "/username", detail: "is taken" }],
};

/** The language is decided once, at load. */
async function refusal(language: "en" | "de", problem: object) {
  localStorage.setItem("muster.language", language);
  vi.resetModules();
  const { ApiError } = await import("./api-error");
  return ApiError.from(409, problem);
}

beforeEach(() => localStorage.clear());

describe("a refusal of the server", () => {
  it("is shown in its own words in English", async () => {
    expect((await refusal("en", refused)).message).toBe(refused.detail);
    expect((await refusal("en", taken)).fields).toEqual([{ name: "username", detail: "is taken" }]);
  });

  it("is said in German by its code, beside the field that it is about too", async () => {
    expect((await refusal("de", refused)).message).toBe(
      "Diese Sitzung ist beendet. Nimm sie zuerst wieder auf.",
    );
    const { message, fields } = await refusal("de", taken);
    expect(message).toBe("Diesen Namen hat hier schon jemand.");
    expect(fields).toEqual([{ name: "username", detail: message }]);
  });

  it("with a code that is not known is shown as it is", async () => {
    const own = { ...refused, type: "/problems/constructor" };
    expect((await refusal("de", own)).message).toBe(refused.detail);
  });
});
