import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** What a browser may have to fetch before it shows the login, or the shell: bytes of JavaScript, compressed. */
const MOST_BYTES = 180_000;

/**
 * What is needed for the first thing that is seen comes in few files, each with all that it imports: a browser fetches
 * six at once over HTTP/1.1, and left alone these would be sixty. Whatever has the higher priority takes what is shared.
 * `src/main.tsx` is in none: whenever a program begins something, a tool that watches the page wants to know from which
 * line, for which the browser reads the file of that line once more.
 */
export const groups = [
  { name: "react", test: /node_modules\/(react|react-dom|scheduler)\//, priority: 4 },
  {
    name: "shell",
    // What both programs need is in neither of theirs: one would bring the other along.
    test: /@tanstack\/react-query\/|\/icons\/eye(-off)?\.mjs$|src\/app\/(crash-page|query-client|within-a-moment)\.tsx?$|src\/shared\/(api\/client|i18n\/language|theme\/theme)\.ts$|src\/shared\/ui\/(button|field|input|mark|notice|on-demand)\.tsx$/,
    priority: 3,
  },
  { name: "forms", test: /node_modules\/(@hookform|react-hook-form)\//, priority: 2 },
  { name: "door", test: /src\/app\/door\.tsx$/, priority: 1 },
  { name: "app", test: /src\/app\/(app|signed-in-layout|app-page)\.tsx$/, priority: 0 },
];

/**
 * The two programs, each with the page that the API serves where it is, and what that asks the API: the rest after an
 * answer to the first, and then about each that one of the lists names.
 */
const programs = {
  login: {
    page: "door.html",
    entries: ["src/main.tsx", "src/app/door.tsx"],
    asks: ["/api/v1/auth/methods"],
    each: [],
  },
  app: {
    page: "index.html",
    entries: ["src/main.tsx", "src/app/app.tsx"],
    asks: [
      "/api/v1/auth/me",
      "/api/v1/machines?limit=200",
      "/api/v1/sessions?limit=200",
      "/api/v1/requests?limit=200",
    ],
    each: ["/api/v1/machines?limit=200", "/api/v1/machines/:machineId/workers?limit=200"],
  },
};
type Name = keyof typeof programs;

/** What nearly every word is set in: asked for at once, it is there when the first is painted. */
const FONT = /hanken-grotesk-latin-wght-normal.*\.woff2$/;

/** In the page itself: a browser would fetch it while what is shown first is on its way. */
const icon = readFileSync(new URL("public/icon.svg", import.meta.url), "utf8").trim();

/** What is wanted next, beside that: fetched after it, while nothing else is, and run when it is wanted. */
const soon = {
  login: programs.app.entries,
  app: [
    "src/features/session/session-pane.tsx",
    "src/features/session/new-session-pane.tsx",
    "src/features/fleet/machine-page.tsx",
    "src/features/session/reply/markdown.tsx",
    "src/shared/ui/toaster.tsx",
  ],
};

/**
 * Makes a page for each program, which names all that is needed for the first thing that it shows; tells public/first.js
 * what to ask for, and `fetchSoon` what is wanted next. Compresses these files once and well, for the API to serve;
 * refuses a build in which they have grown too large.
 */
export function firstLoad(): Plugin {
  const pages = new Map<string, string>();
  return {
    name: "first-load",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        for (const name of Object.keys(programs) as Name[])
          pages.set(programs[name].page, pageOf(name, html, bundle));
        return pages.get(programs.app.page);
      },
    },
    // As they are written: Vite goes on changing them until then.
    async writeBundle({ dir = "dist" }, bundle) {
      for (const [page, html] of pages) await writeFile(join(dir, page), html);
      const sizes = new Map<string, number>();
      for (const file of Object.values(bundle)) {
        if (!isFirst(file)) continue;
        const path = join(dir, file.fileName);
        const smaller = await promisify(brotliCompress)(await readFile(path));
        await writeFile(`${path}.br`, smaller);
        sizes.set(file.fileName, smaller.length);
      }
      for (const [name, { entries }] of Object.entries(programs)) {
        // What is not in these files is counted as it is.
        const bytes = [...needed(bundle, entries)].reduce(
          (sum, { fileName, code }) => sum + (sizes.get(fileName) ?? Buffer.byteLength(code)),
          0,
        );
        const size = `the ${name} loads ${bytes} bytes of compressed JavaScript`;
        if (bytes > MOST_BYTES) this.error(`${size}, of ${MOST_BYTES} at most`);
        this.info(size);
      }
    },
  };
}

/** The page of a program, from what Vite made of index.html. */
function pageOf(name: Name, html: string, bundle: Rolldown.OutputBundle): string {
  const { entries, asks, each } = programs[name];
  const there = needed(bundle, entries);
  const later = [...needed(bundle, soon[name])].filter((chunk) => !there.has(chunk));
  const told = [
    `data-asks="${asks.join(" ")}"`,
    `data-each="${each.join(" ")}"`,
    `data-soon="${later.map(({ fileName }) => `/${fileName}`).join(" ")}"`,
  ];
  const font = Object.keys(bundle).find((file) => FONT.test(file));
  if (font === undefined) throw new Error("no file holds the font");
  // The largest first: a small one is soon there on a connection that has done something else.
  const links = [...there]
    .sort((one, other) => other.code.length - one.code.length)
    .map(({ fileName }) => `<link rel="modulepreload" crossorigin href="/${fileName}">`);
  links.push(`<link rel="preload" as="font" type="font/woff2" crossorigin href="/${font}">`);
  return html
    .replaceAll(/\s*<link rel="modulepreload"[^>]*>/g, "")
    .replace('href="/icon.svg"', `href="data:image/svg+xml,${encodeURIComponent(icon)}"`)
    .replace('<script src="/first.js"', (script) =>
      [...links, [script, ...told].join(" ")].join("\n    "),
    );
}

const isFirst = (file: Rolldown.OutputChunk | Rolldown.OutputAsset) =>
  file.type === "chunk"
    ? groups.some(({ name }) => name === file.name)
    : file.fileName.endsWith(".css");

/** The chunks that hold these modules, and all that they import. */
function needed(bundle: Rolldown.OutputBundle, modules: readonly string[]) {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const found = new Set<Rolldown.OutputChunk>();
  const add = (chunk: Rolldown.OutputChunk) => {
    if (found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) {
      const next = chunks.find(({ fileName }) => fileName === name);
      if (next !== undefined) add(next);
    }
  };
  for (const module of modules) {
    // What is imported on demand has a chunk of its own beside the one that holds it, which only passes it on.
    const holders = chunks.filter(({ moduleIds, facadeModuleId }) =>
      [...moduleIds, facadeModuleId].some((id) => id?.endsWith(`/${module}`)),
    );
    if (holders.length === 0) throw new Error(`no chunk holds ${module}`);
    holders.forEach(add);
  }
  return found;
}
