import { toast } from "sonner";
import { messageOf } from "@/shared/api/api-error";

/** For mutations whose form shows no errors of its own. */
export function toastError(error: unknown): void {
  toast.error(messageOf(error));
}
