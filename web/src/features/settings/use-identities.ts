import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { toastSignInProblem } from "./sign-in-again";

const queryKey = ["identities"];

export function useIdentities() {
  return useQuery({ queryKey, queryFn: () => must(api.GET("/api/v1/auth/identities")) });
}

/** Goes to the provider, which sends the browser back to the settings. */
export function useLinkIdentity() {
  return useMutation({
    mutationFn: (provider: string) =>
      must(api.POST("/api/v1/auth/oidc/{provider}/link", { params: { path: { provider } } })),
    onSuccess: (departure) => location.assign(departure.location),
    onError: toastSignInProblem,
  });
}

export function useUnlinkIdentity() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (identityId: string) =>
      must(
        api.DELETE("/api/v1/auth/identities/{identityId}", { params: { path: { identityId } } }),
      ),
    onSuccess: () => {
      toast(t.identities.unlinked);
      void client.invalidateQueries({ queryKey });
    },
    onError: toastSignInProblem,
  });
}
