import { expect, it } from "vitest";
import { ApiError } from "@/shared/api/api-error";
import { de } from "@/shared/i18n/de";
import { en } from "@/shared/i18n/en";
import { problemText, signInProblem } from "./sign-in-problem";

it("each code has words in both languages, and a made-up one has none", () => {
  expect(Object.keys(de.signInProblems)).toEqual(Object.keys(en.signInProblems));
  expect(problemText("provider-unreachable")).toMatch(/does not answer/);
  for (const code of ["made-up", "toString", "__proto__"])
    expect(problemText(code)).toBeUndefined();
});

it("a refusal is said in the page's words where it has some, else in the server's", () => {
  const refusal = (slug: string) =>
    ApiError.from(409, { type: `/problems/${slug}`, detail: "as the server says it" });
  expect(signInProblem(refusal("passkey-known"))).toBe(en.signInProblems["passkey-known"]);
  expect(signInProblem(refusal("another"))).toBe("as the server says it");
  const cancelled = Object.assign(new Error("timed out"), { name: "NotAllowedError" });
  expect(signInProblem(cancelled)).toBe(en.signInProblems.NotAllowedError);
});
