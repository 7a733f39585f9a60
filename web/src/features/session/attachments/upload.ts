import { ApiError } from "@/shared/api/api-error";
import type { Attachment } from "@/shared/api/types";

/** Sends one file. Not by `fetch`, which does not tell how far it is. */
export function upload(
  file: File,
  signal: AbortSignal,
  onProgress: (progress: number) => void,
): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/attachments");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      if (total > 0) onProgress(loaded / total);
    };
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Attachment);
      else reject(ApiError.from(request.status, request.response));
    };
    request.onerror = () => reject(ApiError.unreachable());
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}
