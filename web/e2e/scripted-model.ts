import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { nanoid } from "nanoid";

/** An OpenAI-compatible endpoint on loopback whose model says what the test says, when the test says it. */
export class ScriptedModel {
  private readonly server: Server;
  private answer: ServerResponse | undefined;
  private onAsked: (() => void) | undefined;

  /** The conversation that the agent told it the last time. */
  heard = "";

  /** Which model the agent asked for the last time. */
  model = "";

  /** The models that the endpoint lists. */
  offered = ["tiny"];

  /** Those that were ever asked. */
  readonly named = new Set<string>();

  /** What it calls a conversation. */
  title = "A scripted title";

  private constructor() {
    this.server = createServer((request, response) => {
      if (request.method === "GET") {
        response.end(JSON.stringify({ data: this.offered.map((id) => ({ id })) }));
        return;
      }
      void text(request).then((body) => this.take(JSON.parse(body) as Asked, response));
    });
  }

  static async start(): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    await new Promise<void>((resolve) => model.server.listen(0, "127.0.0.1", resolve));
    return model;
  }

  /** Configuration of an opencode that knows this model and no other. */
  get opencodeConfig(): string {
    return this.opencodeConfigWith({});
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/v1`;
  }

  opencodeConfigWith(more: object): string {
    const limit = { context: 32_000, output: 4_000 };
    // In dollars for a million tokens.
    const cost = { input: 3, output: 15 };
    return JSON.stringify({
      ...more,
      enabled_providers: ["scripted"],
      model: "scripted/tiny",
      provider: {
        scripted: {
          npm: "@ai-sdk/openai-compatible",
          name: "Scripted",
          options: { baseURL: this.url, apiKey: "none" },
          models: {
            tiny: { name: "Tiny", limit },
            "deep/er/tiny": { name: "Deeper", limit, cost },
          },
        },
      },
    });
  }

  /** Until the agent has asked and waits for the first word. */
  async asked(): Promise<void> {
    if (this.answer === undefined) await new Promise<void>((resolve) => (this.onAsked = resolve));
  }

  say(content: string): void {
    say(this.turn(), content);
  }

  think(content: string): void {
    const delta = { role: "assistant", reasoning_content: content };
    tell(this.turn(), { delta, finish_reason: null });
  }

  finish(): void {
    finish(this.turn());
    this.answer = undefined;
  }

  /** Has the agent use one of its tools; it asks again when the tool has told its result. */
  use(name: string, input: object): void {
    const call = { name, arguments: JSON.stringify(input) };
    const tool = { index: 0, id: `call_${nanoid()}`, type: "function", function: call };
    tell(this.turn(), { delta: { role: "assistant", tool_calls: [tool] }, finish_reason: null });
    finish(this.turn(), "tool_calls");
    this.answer = undefined;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private turn(): ServerResponse {
    if (this.answer === undefined) throw new Error("the agent has not asked");
    return this.answer;
  }

  private take(asked: Asked, response: ServerResponse): void {
    this.named.add(asked.model);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    if (asked.tools?.length) {
      this.heard = JSON.stringify(asked.messages);
      this.model = asked.model;
      this.answer = response;
      this.onAsked?.();
    } else {
      // Without tools it is no turn: opencode wants a title.
      say(response, this.title);
      finish(response);
    }
  }
}

function say(response: ServerResponse, content: string): void {
  tell(response, { delta: { role: "assistant", content }, finish_reason: null });
}

function finish(response: ServerResponse, reason: "stop" | "tool_calls" = "stop"): void {
  tell(response, { delta: {}, finish_reason: reason });
  response.end("data: [DONE]\n\n");
}

function tell(response: ServerResponse, choice: object): void {
  const data = {
    id: "scripted",
    object: "chat.completion.chunk",
    created: 1,
    model: "tiny",
    choices: [{ index: 0, ...choice }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
  response.write(`data: ${JSON.stringify(data)}\n\n`);
}

interface Asked {
  model: string;
  messages?: unknown[];
  tools?: unknown[];
}
