import type { Model } from "@/shared/api/types";

/** A model as a session names it: by its id, and behind a # the variant of it that is wanted. */
export interface NamedModel {
  model: Model;
  variant: string | null;
}

/** Undefined when it is none of those that are offered. */
export function namedModel(offered: readonly Model[], name: string): NamedModel | undefined {
  const byId = (id: string) => offered.find((model) => model.modelId === id);
  const model = byId(name);
  if (model !== undefined) return { model, variant: null };
  const at = name.lastIndexOf("#");
  const [of, variant] = [byId(name.slice(0, at)), name.slice(at + 1)];
  return at > 0 && of?.variants.includes(variant) ? { model: of, variant } : undefined;
}

export const nameOfModel = ({ model, variant }: NamedModel) =>
  variant === null ? model.modelId : `${model.modelId}#${variant}`;
