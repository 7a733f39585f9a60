import { useNavigate, useSearch } from "@tanstack/react-router";
import { ActivityPage } from "@/features/activity/activity-page";
import { NeedsLink } from "./needs-link";

/** What is shown is in the address, so that a machine's menu can lead here. */
export function ActivityRoute() {
  const { entity, object, all } = useSearch({ from: "/signed-in/activity" });
  const navigate = useNavigate({ from: "/activity" });
  return (
    <ActivityPage
      needs={<NeedsLink />}
      filter={{ entity, object, all }}
      onFilter={(filter) => void navigate({ search: filter, replace: true })}
    />
  );
}
