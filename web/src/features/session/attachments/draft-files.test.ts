import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Attachment } from "@/shared/api/types";
import { addFiles, clearFiles, moveFiles, putBack, removeFile, useDraftFiles } from "./draft-files";
import { upload } from "./upload";

vi.mock("./upload", () => ({ upload: vi.fn() }));
const uploading = vi.mocked(upload);

const text = (name: string, size = 3) => new File(["x".repeat(size)], name, { type: "text/plain" });
const there = (name: string): Attachment => ({
  attachmentId: `${name}-id`,
  name,
  mediaType: "text/plain",
  size: 3,
});
const shown = () => renderHook(() => useDraftFiles(conversation)).result.current;
const first = () => {
  const [file] = shown();
  if (file === undefined) throw new Error("no file");
  return file;
};

let conversation = "";
beforeEach(() => {
  conversation = crypto.randomUUID();
  uploading.mockReset();
});
afterEach(() => vi.unstubAllGlobals());

describe("files of a draft", () => {
  it("are kept for the next page once the server has them, and not before", async () => {
    let arrive: (attachment: Attachment) => void = () => undefined;
    uploading.mockReturnValueOnce(new Promise((resolve) => (arrive = resolve)));
    addFiles(conversation, [text("a.txt")]);
    const saved = () => localStorage.getItem(`muster.own.draft-files.${conversation}`);
    expect(saved()).toBeNull();
    arrive(there("a.txt"));
    await vi.waitFor(() => expect(saved()).toContain("a.txt-id"));
    clearFiles(conversation, shown());
    expect(saved()).toBeNull();
  });

  it("of an earlier page are there again; what is damaged is nothing", () => {
    localStorage.setItem(
      `muster.own.draft-files.${conversation}`,
      JSON.stringify([there("kept.txt")]),
    );
    expect(shown().map((f) => f.name)).toEqual(["kept.txt"]);
    localStorage.setItem("muster.own.draft-files.other", "[{");
    conversation = "other";
    expect(shown()).toEqual([]);
  });

  it("say why they do not come, and hold back no other", async () => {
    uploading.mockRejectedValueOnce(new Error("no room"));
    uploading.mockResolvedValueOnce(there("b.txt"));
    addFiles(conversation, [text("a.txt"), text("b.txt"), text("c.txt", 0)]);
    await vi.waitFor(() => expect(shown()[1]?.attachment?.name).toBe("b.txt"));
    expect(shown().map((f) => f.error)).toEqual(["no room", null, "The file is empty."]);
    expect(uploading).toHaveBeenCalledTimes(2);
  });

  it("are ten at most", () => {
    uploading.mockReturnValue(new Promise(() => undefined));
    addFiles(
      conversation,
      Array.from({ length: 11 }, (_, n) => text(`${n}.txt`)),
    );
    expect(shown().filter((f) => f.error !== null)).toHaveLength(1);
    expect(uploading).toHaveBeenCalledTimes(10);
  });

  it("that are removed are given up here and on the server", async () => {
    const request = vi.fn<(request: Request) => Promise<Response>>();
    request.mockResolvedValue(new Response(null, { status: 204 }));
    vi.stubGlobal("fetch", request);
    putBack(conversation, [there("a.txt"), there("b.txt")]);
    removeFile(conversation, first());
    expect(shown().map((f) => f.name)).toEqual(["b.txt"]);
    await vi.waitFor(() => expect(request).toHaveBeenCalledTimes(1));
    expect(request.mock.calls[0]?.[0].method).toBe("DELETE");
    expect(request.mock.calls[0]?.[0].url).toContain("/attachments/a.txt-id");
  });

  it("that come while a message is on its way stay, and go on with its session", async () => {
    let arrive: (attachment: Attachment) => void = () => undefined;
    uploading.mockReturnValueOnce(new Promise((resolve) => (arrive = resolve)));
    putBack(conversation, [there("a.txt")]);
    const taken = shown();
    addFiles(conversation, [text("b.txt")]);
    clearFiles(conversation, taken);
    expect(shown().map((f) => f.name)).toEqual(["b.txt"]);
    const session = crypto.randomUUID();
    moveFiles(conversation, session);
    expect(shown()).toEqual([]);
    conversation = session;
    arrive(there("b.txt"));
    await vi.waitFor(() => expect(first().attachment?.name).toBe("b.txt"));
  });

  it("whose upload is stopped by removing them say nothing", () => {
    uploading.mockImplementationOnce(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("x")))),
    );
    addFiles(conversation, [text("a.txt")]);
    removeFile(conversation, first());
    expect(shown()).toEqual([]);
  });
});
