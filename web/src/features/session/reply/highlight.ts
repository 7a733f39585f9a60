import { createHighlighterCore, type HighlighterCore } from "shiki/core";
// Not the WebAssembly engine: the page's security policy allows no `wasm-unsafe-eval`.
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";

const languages: Record<string, () => Promise<{ default: unknown }>> = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  cpp: () => import("shiki/langs/cpp.mjs"),
  csharp: () => import("shiki/langs/csharp.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  docker: () => import("shiki/langs/docker.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  javascript: () => import("shiki/langs/javascript.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  kotlin: () => import("shiki/langs/kotlin.mjs"),
  lua: () => import("shiki/langs/lua.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  nix: () => import("shiki/langs/nix.mjs"),
  php: () => import("shiki/langs/php.mjs"),
  proto: () => import("shiki/langs/proto.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  ruby: () => import("shiki/langs/ruby.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  swift: () => import("shiki/langs/swift.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  xml: () => import("shiki/langs/xml.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
};

const aliases: Record<string, string> = {
  "c++": "cpp",
  cs: "csharp",
  dockerfile: "docker",
  js: "javascript",
  jsx: "tsx",
  kt: "kotlin",
  md: "markdown",
  patch: "diff",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  ts: "typescript",
  yml: "yaml",
  zsh: "bash",
};

export type Line = readonly { text: string; style: Record<string, string> }[];

let highlighter: Promise<HighlighterCore> | undefined;

function core(): Promise<HighlighterCore> {
  highlighter ??= createHighlighterCore({
    themes: [
      import("shiki/themes/github-light-high-contrast.mjs"),
      import("shiki/themes/github-dark.mjs"),
    ],
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
  return highlighter;
}

/** The coloured lines, or null for a language that is not known here. */
export async function highlight(code: string, name: string): Promise<readonly Line[] | null> {
  const lower = name.toLowerCase();
  const lang = aliases[lower] ?? lower;
  const load = languages[lang];
  if (load === undefined) return null;
  const shiki = await core();
  if (!shiki.getLoadedLanguages().includes(lang))
    await shiki.loadLanguage((await load()).default as Parameters<typeof shiki.loadLanguage>[0]);
  const { tokens } = shiki.codeToTokens(code, {
    lang,
    themes: { light: "github-light-high-contrast", dark: "github-dark" },
    defaultColor: false,
    cssVariablePrefix: "--token-",
  });
  return tokens.map((line) =>
    line.map((token) => ({ text: token.content, style: token.htmlStyle ?? {} })),
  );
}
