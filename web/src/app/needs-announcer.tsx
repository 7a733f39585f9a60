import { t } from "@/shared/i18n/strings";
import { useNeeds } from "./use-needs";

/** Says what needs the user, on every page: the rail is not on all of them, and may be closed. */
export function NeedsAnnouncer() {
  const { requests, count } = useNeeds();
  const words = [t.needs.count(count), ...requests.map((request) => request.title)];
  return (
    <p aria-live="polite" className="sr-only">
      {count > 0 && words.join(" · ")}
    </p>
  );
}
