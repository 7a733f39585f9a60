import { nanoid } from "nanoid";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import * as z from "zod/mini";
import { OWN } from "@/shared/account/own-storage";
import { messageOf } from "@/shared/api/api-error";
import { api } from "@/shared/api/client";
import type { Attachment } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { LARGEST_BYTES, MOST_FILES } from "./limits";
import { upload } from "./upload";

/** A file beside the unsent text of a conversation. */
export interface DraftFile {
  key: string;
  name: string;
  mediaType: string;
  size: number;
  /** What the server knows it by, once it is there. */
  attachment: Attachment | null;
  /** From 0 to 1. */
  progress: number;
  error: string | null;
  /** A copy of this page's, to look at until the server has it. */
  preview: string | null;
}

type Drafts = Readonly<Record<string, readonly DraftFile[]>>;

const NONE: readonly DraftFile[] = [];
const store = createStore<Drafts>(() => ({}));
/** What an earlier page had uploaded, read once. */
const earlier = new Map<string, readonly DraftFile[]>();
const running = new Map<string, AbortController>();

const saved = z.array(
  z.object({
    attachmentId: z.string(),
    name: z.string(),
    mediaType: z.string(),
    size: z.number(),
  }),
);

const nameOf = (conversation: string) => `${OWN}draft-files.${conversation}`;

function ofEarlier(conversation: string): readonly DraftFile[] {
  const known = earlier.get(conversation);
  if (known !== undefined) return known;
  const text = localStorage.getItem(nameOf(conversation));
  const read = text === null ? undefined : saved.safeParse(parsed(text)).data;
  const files = read?.map(whole) ?? NONE;
  earlier.set(conversation, files);
  return files;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const whole = (attachment: Attachment): DraftFile => ({
  key: attachment.attachmentId,
  name: attachment.name,
  mediaType: attachment.mediaType,
  size: attachment.size,
  attachment,
  progress: 1,
  error: null,
  preview: null,
});

const filesIn = (drafts: Drafts, conversation: string) =>
  drafts[conversation] ?? ofEarlier(conversation);

function change(
  conversation: string,
  next: (files: readonly DraftFile[]) => readonly DraftFile[],
): void {
  const files = next(filesIn(store.getState(), conversation));
  store.setState({ [conversation]: files });
  const there = files.flatMap(({ attachment }) => attachment ?? []);
  if (there.length === 0) localStorage.removeItem(nameOf(conversation));
  else localStorage.setItem(nameOf(conversation), JSON.stringify(there));
}

/** A file may have moved on to another conversation while it was uploaded. */
function changeOne(key: string, to: Partial<DraftFile>): void {
  for (const [conversation, files] of Object.entries(store.getState()))
    if (files.some((file) => file.key === key))
      change(conversation, () => files.map((f) => (f.key === key ? { ...f, ...to } : f)));
}

function forget(file: DraftFile): void {
  running.get(file.key)?.abort();
  if (file.preview !== null) URL.revokeObjectURL(file.preview);
}

export function useDraftFiles(conversation: string): readonly DraftFile[] {
  return useStore(store, (drafts) => filesIn(drafts, conversation));
}

/** Begins to upload files; each shows how far it is, and why it does not come. */
export function addFiles(conversation: string, files: readonly File[]): void {
  for (const file of files) {
    const room = filesIn(store.getState(), conversation).length < MOST_FILES;
    const refused = room ? unfit(file) : t.attach.tooMany(MOST_FILES);
    const draft: DraftFile = {
      key: nanoid(),
      name: file.name,
      mediaType: file.type,
      size: file.size,
      attachment: null,
      progress: 0,
      error: refused,
      preview: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
    };
    change(conversation, (before) => [...before, draft]);
    if (refused === null) void send(draft, file);
  }
}

/** What is wrong with a file before a byte of it is sent. */
function unfit(file: File): string | null {
  if (file.size > LARGEST_BYTES) return t.attach.tooLarge(LARGEST_BYTES / (1024 * 1024));
  return file.size === 0 ? t.attach.empty : null;
}

async function send(draft: DraftFile, file: File): Promise<void> {
  const stop = new AbortController();
  running.set(draft.key, stop);
  try {
    const attachment = await upload(file, stop.signal, (progress) =>
      changeOne(draft.key, { progress }),
    );
    const { name, mediaType, size } = attachment;
    changeOne(draft.key, { attachment, name, mediaType, size, progress: 1 });
  } catch (error) {
    if (!stop.signal.aborted) changeOne(draft.key, { error: messageOf(error), progress: 0 });
  } finally {
    running.delete(draft.key);
  }
}

/** Takes a file away; what the server has of it goes too. */
export function removeFile(conversation: string, file: DraftFile): void {
  forget(file);
  change(conversation, (files) => files.filter((f) => f.key !== file.key));
  const attachmentId = file.attachment?.attachmentId;
  if (attachmentId === undefined) return;
  const params = { path: { attachmentId } };
  // What stays there because of a failure goes by itself after a day.
  void api.DELETE("/api/v1/attachments/{attachmentId}", { params }).catch(() => undefined);
}

/** A message has taken these; what was added since stays. */
export function clearFiles(conversation: string, taken: readonly DraftFile[]): void {
  taken.forEach(forget);
  const keys = new Set(taken.map((file) => file.key));
  change(conversation, (files) => files.filter((file) => !keys.has(file.key)));
}

/** What was added to the draft that began a session goes on in that session. */
export function moveFiles(from: string, to: string): void {
  const files = filesIn(store.getState(), from);
  change(from, () => NONE);
  change(to, (there) => [...there, ...files]);
}

/** Puts the files of a message that was not sent back into the draft. */
export function putBack(conversation: string, attachments: readonly Attachment[]): void {
  change(conversation, (files) => [...files, ...attachments.map(whole)]);
}
