import { nanoid } from "nanoid";

/** How a provider's protocol puts what its model does, as events of a stream. */
export interface Words {
  say: (content: string) => object;
  think: (content: string) => object;
  use: (name: string, input: object) => object;
  /** How a turn ends, and one that ends with a tool. */
  finish: (reason: "stop" | "tool") => string;
}

function choice(delta: object, reason: string | null = null): object {
  return {
    id: "scripted",
    object: "chat.completion.chunk",
    created: 1,
    model: "tiny",
    choices: [{ index: 0, delta, finish_reason: reason }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}

export const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

/** What OpenAI has begun, and many others take. */
export const openai: Words = {
  say: (content) => choice({ role: "assistant", content }),
  think: (content) => choice({ role: "assistant", reasoning_content: content }),
  use: (name, input) => {
    const call = { name, arguments: JSON.stringify(input) };
    const tool = { index: 0, id: `call_${nanoid()}`, type: "function", function: call };
    return choice({ role: "assistant", tool_calls: [tool] });
  },
  finish: (reason) =>
    event(choice({}, reason === "tool" ? "tool_calls" : "stop")) + "data: [DONE]\n\n",
};

function candidate(part: object, finishReason?: string): object {
  return {
    candidates: [{ index: 0, content: { role: "model", parts: [part] }, finishReason }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  };
}

/** Google's, as far as Gemini CLI needs it. */
export const gemini: Words = {
  say: (content) => candidate({ text: content }),
  think: (content) => candidate({ text: content, thought: true }),
  use: (name, input) => candidate({ functionCall: { name, args: input } }),
  finish: () => event(candidate({ text: "" }, "STOP")),
};
