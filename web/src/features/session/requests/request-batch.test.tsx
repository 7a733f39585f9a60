import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AgentRequest } from "@/shared/api/types";
import { RequestBatch } from "./request-batch";

const user = userEvent.setup();
let asked: [string, unknown][];
/** Whose answer the server refuses. */
let broken: string | null;
let waiting: readonly AgentRequest[];

beforeEach(() => {
  asked = [];
  broken = null;
  vi.stubGlobal("fetch", async (request: Request) => {
    const id = new URL(request.url).pathname.split("/").at(-1) ?? "";
    asked.push([id, await request.json()]);
    if (id === broken) return Response.json({ title: "It is broken." }, { status: 500 });
    const answered = waiting.find(({ requestId }) => requestId === id);
    return Response.json({ ...answered, status: "answered", revision: 2 });
  });
});
afterEach(() => vi.unstubAllGlobals());

const option = (kind: string) => ({ optionId: `the-${kind}`, label: kind, kind });

const permission = (requestId: string, kinds = ["allow_once", "allow_always", "reject_once"]) =>
  ({
    requestId,
    chatSessionId: "s",
    kind: "permission",
    title: `Run ${requestId}`,
    options: kinds.map(option),
    status: "pending",
    revision: 1,
  }) as AgentRequest;

function Needs() {
  const { data } = useQuery<readonly AgentRequest[]>({
    queryKey: ["requests"],
    queryFn: () => waiting,
    staleTime: Infinity,
  });
  return <RequestBatch requests={data ?? []} />;
}

function show(...requests: AgentRequest[]) {
  waiting = requests;
  const client = new QueryClient();
  client.setQueryData(["requests"], waiting);
  render(
    <QueryClientProvider client={client}>
      <Needs />
    </QueryClientProvider>,
  );
}

const press = async (name: string) => user.click(screen.getByRole("button", { name }));

it("allows all once, never for good", async () => {
  show(permission("r1"), permission("r2"));
  expect(screen.getByRole("group", { name: "2 permissions are asked for" })).toBeVisible();
  await press("Allow all once");
  await waitFor(() => expect(screen.queryByRole("group")).toBeNull());
  expect(asked).toEqual([
    ["r1", { optionId: "the-allow_once" }],
    ["r2", { optionId: "the-allow_once" }],
  ]);
});

it("rejects all only after asking", async () => {
  show(permission("r1"), permission("r2"));
  await press("Reject all");
  expect(asked).toEqual([]);
  const dialog = screen.getByRole("alertdialog", { name: "Reject 2 permissions?" });
  await user.click(within(dialog).getByRole("button", { name: "Reject all" }));
  await waitFor(() => expect(screen.queryByRole("group")).toBeNull());
  expect(asked.map(([, body]) => body)).toEqual([
    { optionId: "the-reject_once" },
    { optionId: "the-reject_once" },
  ]);
});

it("names what could not be answered, and why", async () => {
  show(permission("r1"), permission("r2"), permission("r3"));
  broken = "r2";
  await press("Allow all once");
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("1 could not be decided:Run r2: It is broken.");
  await waitFor(() => expect(asked.map(([id]) => id)).toEqual(["r1", "r2", "r3"]));
});

it("asks nothing of what has no such answer: a question, or a permission only for good", async () => {
  const question = { ...permission("q", []), kind: "question" } as AgentRequest;
  show(permission("r1"), question, permission("r2", ["allow_always"]), permission("r3"));
  await press("Allow all once");
  await waitFor(() => expect(asked.map(([id]) => id)).toEqual(["r1", "r3"]));
});

it("a single permission has its own buttons", () => {
  show(permission("r1"), { ...permission("q", []), kind: "question" });
  expect(screen.queryByRole("group")).toBeNull();
});
