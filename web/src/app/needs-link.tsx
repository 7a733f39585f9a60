import { Link } from "@tanstack/react-router";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { useNeeds } from "./use-needs";

/** On a page without the rail: how much needs the user, and the way there. */
export function NeedsLink() {
  const { count } = useNeeds();
  if (count === 0) return null;
  return (
    <Button look="ghost" size="sm" asChild className="-mr-2.5 text-wait-ink tabular-nums">
      <Link to="/app" search={{}}>
        {t.needs.count(count)}
      </Link>
    </Button>
  );
}
