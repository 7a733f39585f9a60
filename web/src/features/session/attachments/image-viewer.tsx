import type { Attachment } from "@/shared/api/types";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { addressOf } from "./attachment";

/** One image as large as the window allows. */
export function ImageViewer({ image, onClose }: { image: Attachment; onClose: () => void }) {
  const address = addressOf(image.attachmentId);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={image.name}
      className="sm:top-1/2 sm:max-h-[94dvh] sm:w-auto sm:max-w-[94vw] sm:min-w-80 sm:-translate-y-1/2"
    >
      <button type="button" onClick={onClose} className="mx-auto block cursor-zoom-out rounded-md">
        <img
          src={address}
          alt={image.name}
          className="max-h-[68dvh] min-h-16 max-w-full rounded-md object-contain"
        />
      </button>
      <DialogActions>
        <Button asChild>
          <a href={address} download={image.name}>
            {t.attach.downloadImage}
          </a>
        </Button>
      </DialogActions>
    </Dialog>
  );
}
