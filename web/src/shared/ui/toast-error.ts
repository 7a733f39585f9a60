import { toast } from "@/shared/ui/toast";
import { messageOf } from "@/shared/api/api-error";

/** For mutations whose form shows no errors of its own. */
export function toastError(error: unknown): void {
  toast.error(messageOf(error));
}
