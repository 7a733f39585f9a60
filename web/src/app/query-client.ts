import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/shared/api/api-error";

const RETRIES = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The user stream keeps what was fetched up to date; time alone makes nothing stale.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      // Whether the server can be reached is found out by asking it, also on a loopback address.
      networkMode: "always",
      retry: (failures, error) => failures < RETRIES && !isFinal(error),
    },
    mutations: { networkMode: "always" },
  },
});

function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}
