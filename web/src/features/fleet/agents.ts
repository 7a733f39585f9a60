/**
 * What a worker can drive, and what its command is told for it. Products have their makers'
 * names; the rest is named in the user's language.
 */
export const agents = [
  { id: "opencode", name: "opencode", args: "" },
  { id: "claude", name: "Claude Code", args: " --agent claude" },
  { id: "codex", name: "Codex", args: " --agent codex" },
  { id: "gemini", name: "Gemini CLI", args: " --agent gemini" },
  { id: "goose", name: "Goose", args: " --agent goose" },
  { id: "acp", name: null, args: " --agent-command '…'" },
  { id: "openai", name: null, args: " --openai-url http://127.0.0.1:11434/v1" },
  { id: "demo", name: null, args: " --backend demo" },
] as const;

export type AgentId = (typeof agents)[number]["id"];

export const argsOf = (id: AgentId) => agents.find((agent) => agent.id === id)?.args ?? "";
