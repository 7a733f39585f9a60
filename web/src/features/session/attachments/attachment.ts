import type { Attachment, Worker } from "@/shared/api/types";
import { namedModel } from "../named-model";

export const addressOf = (attachmentId: string) => `/api/v1/attachments/${attachmentId}`;

export const isImage = ({ mediaType }: Pick<Attachment, "mediaType">) =>
  mediaType.startsWith("image/");

/** Whether a worker's agent takes files; one that has not told yet may. */
export const takesFiles = (worker: Worker | undefined) =>
  worker?.capabilities?.attachments !== false;

/** Whether a model takes images; one that is not known yet may. */
export function takesImages(worker: Worker | undefined, model: string): boolean {
  const named = namedModel(worker?.models ?? [], model);
  return named === undefined || named.model.input.includes("image");
}
