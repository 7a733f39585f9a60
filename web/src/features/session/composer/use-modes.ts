import { useQuery } from "@tanstack/react-query";
import { api, must, type Schemas } from "@/shared/api/client";
import type { Place } from "./suggestions/use-suggestions";

const FRESH_MS = 5 * 60_000;

/** The ways of working that the worker's agent offers there; none while it is not there to be asked. */
export function useModes({ worker, directory }: Place): readonly Schemas["Mode"][] {
  const workerId = worker?.workerId ?? "";
  const asked = useQuery({
    queryKey: ["modes", workerId, directory],
    enabled: worker?.status === "online",
    staleTime: FRESH_MS,
    queryFn: () =>
      must(
        api.GET("/api/v1/workers/{workerId}/modes", {
          params: { path: { workerId }, query: { directory } },
        }),
      ),
  });
  return asked.data?.items ?? [];
}
