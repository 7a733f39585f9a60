import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { useSettled } from "@/shared/ui/use-settled";

/** The sessions in whose messages something was said; nothing is asked before there are two letters. */
export function useSearch(text: string) {
  const q = useSettled(text.trim().slice(0, 200));
  return useQuery({
    queryKey: ["search", q],
    enabled: q.length >= 2,
    placeholderData: keepPreviousData,
    queryFn: () => must(api.GET("/api/v1/sessions", { params: { query: { q, limit: 8 } } })),
    select: ({ items }) => items.filter((session) => session.match !== undefined),
  });
}
