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
import { CrashPage } from "./crash-page";
import { NotFoundPage } from "./not-found-page";
import { queryClient } from "./query-client";

/** Only a path of this page: an address from outside must not decide where a sign-in leads. */
const nextSchema = z.catch(z.optional(z.string().check(z.regex(/^\/(?![/\\])/))), undefined);

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

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: z.object({ next: nextSchema, problem: problemSchema }),
  component: lazyRouteComponent(() => import("./login-route"), "LoginRoute"),
});

const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  validateSearch: z.object({ invitation: z.catch(z.optional(z.string()), undefined) }),
  component: lazyRouteComponent(() => import("./register-route"), "RegisterRoute"),
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
        redirect({ to: "/login", search: { next: location.href }, throw: true });
      throw error;
    }
  },
  component: lazyRouteComponent(() => import("./signed-in-layout"), "SignedInLayout"),
});

const app = createRoute({
  getParentRoute: () => signedIn,
  path: "/app",
  validateSearch: placeSchema,
  component: lazyRouteComponent(() => import("./app-page"), "AppPage"),
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
  routeTree: root.addChildren([
    start,
    login,
    register,
    shared,
    signedIn.addChildren([app, settings, activity]),
  ]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
