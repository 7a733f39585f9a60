import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { event, gemini, openai, type Words } from "./scripted-words";

/** An endpoint on loopback whose model says what the test says, when the test says it, in the words of who asks. */
export class ScriptedModel {
  private readonly server: Server;
  private answer: ServerResponse | undefined;
  private words: Words = openai;
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
      void text(request).then((body) =>
        this.take(request.url ?? "", JSON.parse(body) as Asked, response),
      );
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
    return `${this.geminiUrl}/v1`;
  }

  /** Where those find it who speak Gemini's own protocol. */
  get geminiUrl(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
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
    this.turn().write(event(this.words.say(content)));
  }

  think(content: string): void {
    this.turn().write(event(this.words.think(content)));
  }

  finish(): void {
    this.turn().end(this.words.finish("stop"));
    this.answer = undefined;
  }

  /** Has the agent use one of its tools; it asks again when the tool has told its result. */
  use(name: string, input: object): void {
    this.turn().write(event(this.words.use(name, input)));
    this.turn().end(this.words.finish("tool"));
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

  private take(url: string, asked: Asked, response: ServerResponse): void {
    const [, model] = /models\/(.+):streamGenerateContent/.exec(url) ?? [];
    const isGemini = url.includes("/v1beta/");
    if (isGemini && model === undefined) {
      // What Gemini CLI asks beside a turn, it can do without.
      response.end(JSON.stringify(gemini.say('{"next_speaker":"user","reasoning":"scripted"}')));
      return;
    }
    this.named.add(model ?? asked.model);
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    if (isGemini || asked.tools?.length) {
      this.words = isGemini ? gemini : openai;
      this.heard = JSON.stringify(asked.messages ?? asked.contents);
      this.model = model ?? asked.model;
      this.answer = response;
      this.onAsked?.();
    } else {
      // Without tools it is no turn: opencode wants a title.
      response.write(event(openai.say(this.title)));
      response.end(openai.finish("stop"));
    }
  }
}

interface Asked {
  model: string;
  messages?: unknown[];
  contents?: unknown[];
  tools?: unknown[];
}
