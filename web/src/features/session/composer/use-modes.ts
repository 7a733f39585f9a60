import { useQuery } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";
import type { Worker } from "@/shared/api/types";

const FRESH_MS = 5 * 60_000;

/** The ways of working that the worker's agent offers; none while it is not there to be asked. */
export function useModes(worker: Worker | undefined): readonly Schemas["Mode"][] {
  const workerId = worker?.workerId ?? "";
  const asked = useQuery({
    queryKey: ["modes", workerId],
    enabled: worker?.status === "online",
    staleTime: FRESH_MS,
    queryFn: () =>
      must(api.GET("/api/v1/workers/{workerId}/modes", { params: { path: { workerId } } })),
  });
  return asked.data?.items ?? [];
}
