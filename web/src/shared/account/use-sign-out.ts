import { useMutation } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { setLeaving } from "@/shared/live/live-of";
import { toastError } from "@/shared/ui/toast-error";
import { forgetOwn, keepsUnsent } from "./own-storage";

/** Signs out; where something unsent would be lost by it, only after asking. */
export function useSignOut() {
  const { mutate, isPending } = useSignOutNow();
  return { isPending, mutate: () => (keepsUnsent() ? openDialog({ kind: "sign-out" }) : mutate()) };
}

export function useSignOutNow() {
  return useMutation({
    onMutate: () => setLeaving(true),
    mutationFn: () => must(api.POST("/api/v1/auth/logout")),
    // A full load, so that nothing of this user stays in the memory of the page.
    onSuccess: () => {
      forgetOwn();
      location.assign("/login");
    },
    onError: (error) => {
      setLeaving(false);
      toastError(error);
    },
  });
}
