import { useMutation } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { setLeaving } from "@/shared/live/live-of";
import { toastError } from "@/shared/ui/toast-error";
import { forgetOwn } from "./own-storage";

export function useSignOut() {
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
