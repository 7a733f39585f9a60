import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { LoginForm } from "./login-form";
import { RegisterForm } from "./register-form";

function show(form: ReactNode) {
  render(<QueryClientProvider client={new QueryClient()}>{form}</QueryClientProvider>);
  return userEvent.setup();
}

function answer(status: number, body: unknown) {
  const fetch = vi.fn(() =>
    Promise.resolve(
      new Response(JSON.stringify(body), {
        status,
        headers: { "Content-Type": "application/problem+json" },
      }),
    ),
  );
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

afterEach(() => vi.unstubAllGlobals());

it("an empty sign-in asks for both fields and sends nothing", async () => {
  const fetch = answer(200, {});
  const user = show(<LoginForm onDone={() => undefined} />);
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findAllByRole("alert")).toHaveLength(2);
  expect(fetch).not.toHaveBeenCalled();
});

it("a wrong password is said without saying which half was wrong", async () => {
  answer(401, { type: "/problems/wrong-credentials", title: "no" });
  const user = show(<LoginForm onDone={() => undefined} />);
  await user.type(screen.getByLabelText("User name"), "ada");
  await user.type(screen.getByLabelText("Password"), "nope");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The name or the password is wrong.");
});

it("a good sign-in goes on", async () => {
  answer(200, { userId: "u", username: "ada", role: "member" });
  const done = vi.fn();
  const user = show(<LoginForm onDone={done} />);
  await user.type(screen.getByLabelText("User name"), "ada");
  await user.type(screen.getByLabelText("Password"), "correct{Enter}");
  await vi.waitFor(() => expect(done).toHaveBeenCalledOnce());
});

it("a refused field says so beside the field", async () => {
  answer(422, {
    type: "/problems/invalid",
    title: "Invalid",
    errors: [{ pointer: "/username", detail: "This name is taken." }],
  });
  const user = show(<RegisterForm invitation={undefined} onDone={() => undefined} />);
  await user.type(screen.getByLabelText("User name"), "ada");
  await user.type(screen.getByLabelText("Password"), "long enough");
  await user.click(screen.getByRole("button", { name: "Create account" }));
  expect(await screen.findByText("This name is taken.")).toBeVisible();
  expect(screen.getByLabelText("User name")).toHaveAttribute("aria-invalid", "true");
});
