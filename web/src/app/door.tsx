import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect } from "react";
import { LoginPage } from "@/features/auth/login-page";
import { RegisterPage } from "@/features/auth/register-page";
import { authMethodsQuery } from "@/shared/account/use-auth-methods";
import { withinPage } from "@/shared/nav/within-page";
import { fetchSoon, whenIdle } from "@/shared/ui/on-demand";
import { queryClient } from "./query-client";
import { withinAMoment } from "./within-a-moment";

const soon = [
  () => {
    fetchSoon();
    return Promise.resolve();
  },
];

/** What is before the sign-in, once it knows the ways in. */
export async function ready(): Promise<typeof Door> {
  await withinAMoment([queryClient.query(authMethodsQuery)]);
  return Door;
}

function Door() {
  useEffect(() => whenIdle(soon), []);
  const told = new URLSearchParams(location.search);
  return (
    <QueryClientProvider client={queryClient}>
      {location.pathname.startsWith("/register") ? (
        <RegisterPage invitation={told.get("invitation") ?? undefined} />
      ) : (
        <LoginPage
          next={withinPage(told.get("next")) ?? "/app"}
          problem={told.get("problem") ?? undefined}
        />
      )}
    </QueryClientProvider>
  );
}
