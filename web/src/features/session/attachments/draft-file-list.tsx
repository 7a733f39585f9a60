import { FileText, X } from "lucide-react";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { IconButton } from "@/shared/ui/icon-button";
import { addressOf } from "./attachment";
import { removeFile, type DraftFile } from "./draft-files";
import { fileSize } from "./file-size";

interface DraftFileListProps {
  conversation: string;
  files: readonly DraftFile[];
  /** Why images among them cannot be sent. */
  noImages: string | null;
}

/** What will go with the message, above its text. */
export function DraftFileList({ conversation, files, noImages }: DraftFileListProps) {
  if (files.length === 0) return null;
  return (
    <div className="px-2.5 pt-2.5">
      <ul aria-label={t.attach.list} className="flex flex-wrap gap-2">
        {files.map((file) => (
          <DraftFileItem key={file.key} conversation={conversation} file={file} />
        ))}
      </ul>
      {noImages !== null && (
        <p role="alert" className="px-1 pt-2 text-xs text-bad-ink">
          {noImages}
        </p>
      )}
    </div>
  );
}

function DraftFileItem({ conversation, file }: { conversation: string; file: DraftFile }) {
  const { name, size, error, progress, attachment } = file;
  const comes = attachment === null && error === null;
  return (
    <li
      className={cn(
        "relative flex min-h-13 max-w-full items-center gap-2 overflow-hidden rounded-lg border py-1.5 pr-1 pl-1.5",
        error === null ? "border-line bg-panel" : "border-bad-ink/40 bg-bad-soft",
      )}
    >
      <Preview file={file} />
      <span className={cn("min-w-0", error === null ? "max-w-52" : "max-w-64")}>
        <span className="block truncate text-sm">{name}</span>
        <span
          role={error === null ? undefined : "alert"}
          className={cn("block text-xs", error === null ? "text-ink-3" : "text-bad-ink")}
        >
          {error ?? (comes ? t.attach.uploading(Math.round(progress * 100)) : fileSize(size))}
        </span>
      </span>
      <IconButton
        size="icon-sm"
        label={t.attach.remove(name)}
        onClick={() => removeFile(conversation, file)}
      >
        <X />
      </IconButton>
      {comes && (
        <span
          role="progressbar"
          aria-label={t.attach.progress(name)}
          aria-valuenow={Math.round(progress * 100)}
          className="absolute inset-x-0 bottom-0 h-0.5 origin-left bg-signal transition-transform duration-150 rtl:origin-right"
          style={{ transform: `scaleX(${progress})` }}
        />
      )}
    </li>
  );
}

function Preview({ file }: { file: DraftFile }) {
  const source =
    file.preview ??
    (file.attachment !== null && file.mediaType.startsWith("image/")
      ? addressOf(file.attachment.attachmentId)
      : null);
  if (source === null)
    return (
      <span className="grid size-10 shrink-0 place-items-center rounded-md bg-press text-ink-2">
        <FileText aria-hidden className="size-4" />
      </span>
    );
  return <img src={source} alt="" className="size-10 shrink-0 rounded-md object-cover" />;
}
