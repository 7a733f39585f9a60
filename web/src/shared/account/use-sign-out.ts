import { useMutation } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { toastError } from "@/shared/ui/toast-error";
import { forgetOwn } from "./own-storage";

export function useSignOut() {
  return useMutation({
    mutationFn: () => must(api.POST("/api/v1/auth/logout")),
    // A full load, so that nothing of this user stays in the memory of the page.
    onSuccess: () => {
      forgetOwn();
      location.assign("/login");
    },
    onError: toastError,
  });
}
