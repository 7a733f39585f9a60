import { expect, it } from "vitest";
import type { Model } from "@/shared/api/types";
import { namedModel, nameOfModel } from "./named-model";

const model = (modelId: string, variants: string[]): Model => ({
  modelId,
  name: modelId,
  provider: "a",
  variants,
  input: [],
});
const offered = [model("a/b", ["low", "high"]), model("a/c", []), model("a/c#low", [])];

it.each([
  ["a/b", "a/b", null],
  ["a/b#high", "a/b", "high"],
  ["a/c#low", "a/c#low", null],
])("%s is %s with the variant %s", (name, id, variant) => {
  const named = namedModel(offered, name);
  expect([named?.model.modelId, named?.variant]).toEqual([id, variant]);
  expect(named && nameOfModel(named)).toBe(name);
});

it.each(["", "#", "a/b#", "a/b#max", "a/c#high", "#low", "none"])("%j is none of them", (name) => {
  expect(namedModel(offered, name)).toBeUndefined();
});
