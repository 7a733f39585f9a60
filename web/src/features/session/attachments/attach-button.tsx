import { Paperclip } from "lucide-react";
import { useRef } from "react";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";

/** Opens the system's own choice of files; on a phone that is its pictures and its camera too. */
export function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton label={t.attach.add} onClick={() => input.current?.click()}>
        <Paperclip />
      </IconButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-hidden
        tabIndex={-1}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file once more is a change, too.
          event.target.value = "";
        }}
      />
    </>
  );
}
