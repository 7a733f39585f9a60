import { getRouteApi } from "@tanstack/react-router";
import { LoginPage } from "@/features/auth/login-page";

const route = getRouteApi("/login");

export function LoginRoute() {
  return <LoginPage next={route.useSearch().next ?? "/app"} />;
}
