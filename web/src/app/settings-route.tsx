import { getRouteApi } from "@tanstack/react-router";
import { SettingsPage } from "@/features/settings/settings-page";
import { NeedsLink } from "./needs-link";

const route = getRouteApi("/signed-in/settings");

export function SettingsRoute() {
  return <SettingsPage problem={route.useSearch().problem} needs={<NeedsLink />} />;
}
