import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { api, must, type Schemas } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { toastError } from "@/shared/ui/toast-error";

const queryKey = ["tokens"];

export function useTokens() {
  return useQuery({ queryKey, queryFn: () => must(api.GET("/api/v1/tokens")) });
}

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CreateToken"]) => must(api.POST("/api/v1/tokens", { body })),
    onSuccess: () => void client.invalidateQueries({ queryKey }),
  });
}

export function useDeleteToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (tokenId: string) =>
      must(api.DELETE("/api/v1/tokens/{tokenId}", { params: { path: { tokenId } } })),
    onSuccess: () => {
      toast(t.tokens.deleted);
      void client.invalidateQueries({ queryKey });
    },
    onError: toastError,
  });
}
