import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import * as z from "zod/mini";
import { ApiError } from "@/shared/api/api-error";
import { meQuery } from "@/shared/account/use-me";
import { placeSchema } from "@/shared/nav/place";
import { AppPage } from "./app-page";
import { CrashPage } from "./crash-page";
import { NotFoundPage } from "./not-found-page";
import { queryClient } from "./query-client";
import { SignedInLayout } from "./signed-in-layout";

/** A code that a sign-in elsewhere came back with. */
const problemSchema = z.catch(z.optional(z.string()), undefined);

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
});

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    redirect({ to: "/app", search: {}, throw: true });
  },
});

/** What somebody shares, for whoever has the link: without a sign-in. */
const shared = createRoute({
  getParentRoute: () => root,
  path: "/shared/$secret",
  component: lazyRouteComponent(() => import("./shared-route"), "SharedRoute"),
});

/** Everything behind the sign-in; without one, every address ends at the login. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.query({ ...meQuery, staleTime: "static" });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        redirect({
          href: `/login?next=${encodeURIComponent(location.href)}`,
          reloadDocument: true,
          replace: true,
          throw: true,
        });
      throw error;
    }
  },
  component: SignedInLayout,
});

const app = createRoute({
  getParentRoute: () => signedIn,
  path: "/app",
  validateSearch: placeSchema,
  component: AppPage,
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings",
  validateSearch: z.object({ problem: problemSchema }),
  component: lazyRouteComponent(() => import("./settings-route"), "SettingsRoute"),
});

const text = z.catch(z.optional(z.string()), undefined);

const activity = createRoute({
  getParentRoute: () => signedIn,
  path: "/activity",
  validateSearch: z.object({
    entity: text,
    object: text,
    all: z.catch(z.optional(z.literal(true)), undefined),
  }),
  component: lazyRouteComponent(() => import("./activity-route"), "ActivityRoute"),
});

export const router = createRouter({
  routeTree: root.addChildren([start, shared, signedIn.addChildren([app, settings, activity])]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
