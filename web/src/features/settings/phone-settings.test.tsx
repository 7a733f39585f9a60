import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { encode } from "uqr";
import { expect, it } from "vitest";
import { t } from "@/shared/i18n/strings";
import { PhoneSettings } from "./phone-settings";

function show(server: { localOnly: boolean }) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(["server"], server);
  render(
    <QueryClientProvider client={client}>
      <PhoneSettings />
    </QueryClientProvider>,
  );
  return userEvent.click(screen.getByRole("button", { name: t.settings.onPhone }));
}

it("the code is that of the server's address, and is named by it", async () => {
  await show({ localOnly: false });
  const code = await screen.findByRole("img", { name: t.settings.codeOf(location.origin) });
  const { data, size } = encode(location.origin, { border: 4 });
  expect(code).toHaveAttribute("viewBox", `0 0 ${size} ${size}`);
  const drawn = code.querySelector("path")?.getAttribute("d")?.match(/M/g);
  expect(drawn).toHaveLength(data.flat().filter(Boolean).length);
  expect(screen.getByText(location.origin)).toBeVisible();
});

it("a server that no phone can reach says so instead", async () => {
  await show({ localOnly: true });
  expect(screen.getByText(t.settings.onlyHere)).toBeVisible();
  expect(screen.queryByRole("img")).toBeNull();
});
