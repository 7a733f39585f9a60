import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, must } from "@/shared/api/client";
import { useSettled } from "@/shared/ui/use-settled";

/** The sessions in whose messages something was said; nothing is asked before there are two letters. */
export function useSearch(text: string) {
  const wanted = text.trim().slice(0, 200);
  const q = useSettled(wanted);
  const enough = wanted.length >= 2;
  const { data, error, isFetching } = useQuery({
    queryKey: ["search", q],
    enabled: q.length >= 2,
    placeholderData: keepPreviousData,
    queryFn: () => must(api.GET("/api/v1/sessions", { params: { query: { q, limit: 8 } } })),
    select: ({ items }) => items.filter((session) => session.match !== undefined),
  });
  const searching = enough && (q !== wanted || isFetching);
  return {
    said: enough ? (data ?? []) : [],
    searching,
    error: enough && !searching ? error : null,
  };
}
