import { getRouteApi } from "@tanstack/react-router";
import { SharedPage } from "@/features/session/shared-view/shared-page";

const route = getRouteApi("/shared/$secret");

export function SharedRoute() {
  const { secret } = route.useParams();
  return <SharedPage key={secret} secret={secret} />;
}
