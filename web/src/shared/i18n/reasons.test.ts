import { expect, it } from "vitest";
import { deReasons } from "./de-reasons";

/** What is written in Rust, with a sentence that goes over two lines in one. */
const text = (sources: Record<string, string>) =>
  Object.values(sources)
    .join("\n")
    .replace(/\\\n\s*/g, "");
const chat = text(
  import.meta.glob<string>("../../../../services/chat/src/**/*.rs", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);
const worker = text(
  import.meta.glob<string>("../../../../services/worker-agent/src/**/*.rs", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

it("each reason with which chat itself ends a turn is there in German", () => {
  const named = [...chat.matchAll(/abandon\([^;]*?\b([A-Z]{2,})\)/g)].map(([, name]) => name);
  const reasons = [...new Set([...named, "MISMATCH", "ANEW"])].map(
    (name) => new RegExp(`const ${name}: &str = "([^"]+)"`).exec(chat)?.[1] ?? name,
  );
  expect(reasons.length).toBeGreaterThan(6);
  expect(Object.keys(deReasons)).toEqual(expect.arrayContaining(reasons));
});

it("what is there in German is said by chat or by the worker", () => {
  const said = chat + worker;
  expect(Object.keys(deReasons).filter((reason) => !said.includes(`"${reason}"`))).toEqual([]);
});
