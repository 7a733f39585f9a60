import { FileText, Image } from "lucide-react";
import { use, useState } from "react";
import type { Attachment } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { cn } from "@/shared/ui/cn";
import { ReadOnlyContext } from "../stream/use-session-stream";
import { addressOf, isImage } from "./attachment";
import { fileSize } from "./file-size";
import { ImageViewer } from "./image-viewer";

/** What a message brought with it: images to look at, files to keep. */
export function MessageFiles({ files }: { files: readonly Attachment[] }) {
  const [shown, setShown] = useState<Attachment | null>(null);
  // A link shows what was said; the files are their owner's alone.
  const readOnly = use(ReadOnlyContext);
  if (files.length === 0) return null;
  return (
    <ul
      aria-label={t.attach.list}
      className="mb-1.5 flex max-w-[88%] flex-wrap items-end justify-end gap-1.5"
    >
      {files.map((file) => (
        <li key={file.attachmentId} className="min-w-0">
          {readOnly ? (
            <span className={chip}>
              <ChipText file={file} />
            </span>
          ) : isImage(file) ? (
            <Thumbnail file={file} onOpen={() => setShown(file)} />
          ) : (
            <FileChip file={file} />
          )}
        </li>
      ))}
      {shown !== null && <ImageViewer image={shown} onClose={() => setShown(null)} />}
    </ul>
  );
}

/** Of one height, so that nothing moves when it has come. */
function Thumbnail({ file, onOpen }: { file: Attachment; onOpen: () => void }) {
  return (
    <button
      type="button"
      aria-label={t.attach.enlarge(file.name)}
      onClick={onOpen}
      className="block h-32 max-w-full min-w-16 cursor-zoom-in overflow-hidden rounded-lg border border-line bg-panel"
    >
      <img
        src={addressOf(file.attachmentId)}
        alt=""
        loading="lazy"
        className="h-full max-w-full object-cover"
      />
    </button>
  );
}

const chip =
  "flex h-13 touch max-w-full items-center gap-2 rounded-lg border border-line bg-panel pr-3 pl-1.5";

function FileChip({ file }: { file: Attachment }) {
  return (
    <a
      href={addressOf(file.attachmentId)}
      download={file.name}
      aria-label={t.attach.download(file.name)}
      className={cn(chip, "hover:bg-hover")}
    >
      <ChipText file={file} />
    </a>
  );
}

function ChipText({ file }: { file: Attachment }) {
  return (
    <>
      <span className="grid size-10 shrink-0 place-items-center rounded-md bg-press text-ink-2">
        {isImage(file) ? (
          <Image aria-hidden className="size-4" />
        ) : (
          <FileText aria-hidden className="size-4" />
        )}
      </span>
      <span className="max-w-52 min-w-0">
        <span className="block truncate text-sm">{file.name}</span>
        <span className="block text-xs text-ink-3">{fileSize(file.size)}</span>
      </span>
    </>
  );
}
