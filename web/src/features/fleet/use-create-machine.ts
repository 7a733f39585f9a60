import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";

export function useCreateMachine() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => must(api.POST("/api/v1/machines", { body: { name } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["machines"] }),
  });
}
