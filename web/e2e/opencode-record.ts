import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import type { WorkerProcess } from "./worker-process";

export interface OpencodePart {
  type: string;
  text: string;
  tool: string;
  /** Of a tool. */
  state?: {
    status: string;
    input: unknown;
    output: string;
    metadata: { diff?: string };
    time: { start: number; end?: number };
  };
  /** Of a step's end, as are those that follow. */
  tokens?: {
    input: number;
    output: number;
    reasoning: number;
    cache: { read: number; write: number };
  };
  cost?: number;
}

interface SessionRecord {
  parts: OpencodePart[];
  todos: { content: string; status: string; priority: string }[];
}

/**
 * What opencode's own server tells of the agent's side of a session: one of the test's own, over the files that the
 * worker's works with, whose password nobody else has.
 */
export async function opencodeRecord(
  worker: WorkerProcess,
  session: string,
): Promise<SessionRecord> {
  const server = spawn("opencode", ["serve", "--hostname", "127.0.0.1", "--port", "0"], {
    cwd: worker.directory,
    env: worker.environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const base = await address(createInterface(server.stdout));
    const tell = async (what: string): Promise<unknown> => {
      const answer = await fetch(`${base}/session/${session}/${what}`);
      if (!answer.ok) throw new Error(`opencode answers ${answer.status} when asked for ${what}`);
      return answer.json();
    };
    const messages = (await tell("message")) as { info: { role: string }; parts: OpencodePart[] }[];
    const parts = messages.filter(({ info }) => info.role === "assistant").flatMap((m) => m.parts);
    return { parts, todos: (await tell("todo")) as SessionRecord["todos"] };
  } finally {
    server.kill();
  }
}

/** Where a server that has just been started listens, by its first words. */
async function address(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
    if (found !== null) return found[0];
  }
  throw new Error("opencode has ended without telling where it listens");
}
