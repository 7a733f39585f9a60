import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { deviceName } from "@/shared/account/device-name";
import { addPasskey } from "@/shared/account/passkey";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { toastSignInProblem } from "./sign-in-again";

const queryKey = ["passkeys"];

export function usePasskeys() {
  return useQuery({ queryKey, queryFn: () => must(api.GET("/api/v1/auth/passkeys")) });
}

/** Adds one that is called like this browser; its user may call it otherwise later. */
export function useAddPasskey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => addPasskey(deviceName(navigator.userAgent) ?? t.passkeys.unnamed),
    onSuccess: () => {
      toast.success(t.passkeys.added);
      void client.invalidateQueries({ queryKey });
    },
    onError: toastSignInProblem,
  });
}

export function useRenamePasskey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ passkeyId, name }: { passkeyId: string; name: string }) =>
      must(
        api.PATCH("/api/v1/auth/passkeys/{passkeyId}", {
          params: { path: { passkeyId } },
          body: { name },
        }),
      ),
    onSuccess: () => void client.invalidateQueries({ queryKey }),
  });
}

export function useRemovePasskey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (passkeyId: string) =>
      must(api.DELETE("/api/v1/auth/passkeys/{passkeyId}", { params: { path: { passkeyId } } })),
    onSuccess: () => {
      toast(t.passkeys.removed);
      void client.invalidateQueries({ queryKey });
    },
    onError: toastSignInProblem,
  });
}
