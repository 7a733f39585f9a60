import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { api, must, type Schemas } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { toastError } from "@/shared/ui/toast-error";

const accountsKey = ["users"];
const invitationsKey = ["invitations"];

/** Every account, a page at a time. */
export function useAccounts() {
  return useInfiniteQuery({
    queryKey: accountsKey,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      must(api.GET("/api/v1/users", { params: { query: pageParam ? { cursor: pageParam } : {} } })),
    getNextPageParam: (page) => page.nextCursor,
  });
}

export function useUpdateAccount() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ userId, ...body }: Schemas["UpdateUser"] & { userId: string }) =>
      must(api.PATCH("/api/v1/users/{userId}", { params: { path: { userId } }, body })),
    onSuccess: () => void client.invalidateQueries({ queryKey: accountsKey }),
    onError: toastError,
  });
}

export function useDeleteAccount() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ userId }: { userId: string; username: string }) =>
      must(api.DELETE("/api/v1/users/{userId}", { params: { path: { userId } } })),
    onSuccess: (_, { username }) => {
      toast(t.people.deleted(username));
      void client.invalidateQueries({ queryKey: accountsKey });
    },
    onError: toastError,
  });
}

export function useInvitations() {
  return useQuery({
    queryKey: invitationsKey,
    queryFn: () => must(api.GET("/api/v1/invitations")),
  });
}

export function useCreateInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => must(api.POST("/api/v1/invitations", { body: {} })),
    onSuccess: () => void client.invalidateQueries({ queryKey: invitationsKey }),
    onError: toastError,
  });
}

export function useDeleteInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (invitationId: string) =>
      must(
        api.DELETE("/api/v1/invitations/{invitationId}", { params: { path: { invitationId } } }),
      ),
    onSuccess: () => void client.invalidateQueries({ queryKey: invitationsKey }),
    onError: toastError,
  });
}
