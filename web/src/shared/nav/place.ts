import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import * as z from "zod/mini";

const id = z.catch(z.optional(z.string()), undefined);

/** Where the page is, as its address says: `/app?machine=…&worker=…&session=…`. */
export const placeSchema = z.object({
  machine: id,
  worker: id,
  session: id,
});
export type Place = z.infer<typeof placeSchema>;

export function usePlace(): Place {
  return useSearch({ strict: false });
}

export function useGo(): (place: Place, options?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (place, options) =>
      void navigate({ to: "/app", search: place, replace: options?.replace ?? false }),
    [navigate],
  );
}
