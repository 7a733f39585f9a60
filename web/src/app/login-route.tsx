import { getRouteApi } from "@tanstack/react-router";
import { LoginPage } from "@/features/auth/login-page";

const route = getRouteApi("/login");

export function LoginRoute() {
  const { next, problem } = route.useSearch();
  return <LoginPage next={next ?? "/app"} problem={problem} />;
}
