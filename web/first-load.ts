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
 */
export const groups = [
  { name: "shell", test: /src\/main\.tsx$/, priority: 3 },
  // In neither of the two below: one would bring the other along.
  {
    name: "shell",
    test: /@tanstack\/react-query\/|\/icons\/eye(-off)?\.mjs$|src\/app\/(query-client|within-a-moment)\.ts$|src\/shared\/api\/client\.ts$|src\/shared\/ui\/(button|field|input|mark|notice|on-demand)\.tsx$/,
    priority: 3,
  },
  { name: "forms", test: /node_modules\/(@hookform|react-hook-form)\//, priority: 2 },
  { name: "door", test: /src\/app\/door\.tsx$/, priority: 1 },
  { name: "app", test: /src\/app\/(app|signed-in-layout|app-page)\.tsx$/, priority: 0 },
];

const door = {
  entries: ["src/main.tsx", "src/app/door.tsx"],
  asks: ["/api/v1/auth/methods"],
  each: [],
};

/**
 * What these addresses show, and what they ask the API: the rest after an answer to the first, and then about each that
 * one of the lists names.
 */
const places = {
  login: door,
  register: door,
  app: {
    entries: [
      "src/main.tsx",
      "src/app/app.tsx",
      "src/app/signed-in-layout.tsx",
      "src/app/app-page.tsx",
    ],
    asks: [
      "/api/v1/auth/me",
      "/api/v1/machines?limit=200",
      "/api/v1/sessions?limit=200",
      "/api/v1/requests?limit=200",
    ],
    each: ["/api/v1/machines?limit=200", "/api/v1/machines/:machineId/workers?limit=200"],
  },
};

/** What nearly every word is set in: asked for at once, it is there when the first is painted. */
const FONT = /hanken-grotesk-latin-wght-normal.*\.woff2$/;
const preload = { rel: "preload", as: "font", type: "font/woff2", crossorigin: true };

/** What is wanted next, beside that: fetched after it, while nothing else is, and run when it is wanted. */
const soon = {
  login: places.app.entries,
  app: [
    "src/features/session/session-pane.tsx",
    "src/features/session/new-session-pane.tsx",
    "src/features/fleet/machine-page.tsx",
    "src/features/session/reply/markdown.tsx",
    "src/shared/ui/toaster.tsx",
  ],
};

/**
 * Compresses these files once and well, for the API to serve; refuses a build in which they have grown too large.
 * Tells public/ahead.js which of them an address needs beside those that the page names itself, and `fetchSoon` which soon.
 */
export function firstLoad(): Plugin {
  return {
    name: "first-load",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const ahead = Object.entries(places).flatMap(([place, { entries, asks, each }]) => {
          const files = [...needed(bundle, entries)].map(({ fileName }) => `/${fileName}`);
          const missing = files.filter((file) => !html.includes(file));
          return [
            `data-${place}="${missing.join(" ")}"`,
            `data-${place}-asks="${asks.join(" ")}"`,
            `data-${place}-each="${each.join(" ")}"`,
          ];
        });
        for (const [place, next] of Object.entries(soon)) {
          const there = needed(bundle, places[place as keyof typeof soon].entries);
          const later = [...needed(bundle, next)].filter((chunk) => !there.has(chunk));
          const files = later.map(({ fileName }) => `/${fileName}`).join(" ");
          ahead.push(`data-${place}-soon="${files}"`);
        }
        const font = Object.keys(bundle).find((file) => FONT.test(file));
        if (font === undefined) throw new Error("no file holds the font");
        return {
          html: html.replace('src="/ahead.js"', (src) => [src, ...ahead].join(" ")),
          tags: [{ tag: "link", attrs: { ...preload, href: `/${font}` }, injectTo: "head" }],
        };
      },
    },
    // As they are written: Vite goes on changing them until then.
    async writeBundle({ dir = "dist" }, bundle) {
      const sizes = new Map<string, number>();
      for (const file of Object.values(bundle)) {
        if (!isFirst(file)) continue;
        const path = join(dir, file.fileName);
        const smaller = await promisify(brotliCompress)(await readFile(path));
        await writeFile(`${path}.br`, smaller);
        sizes.set(file.fileName, smaller.length);
      }
      for (const [place, { entries }] of Object.entries(places)) {
        // What is not in these files is counted as it is.
        const bytes = [...needed(bundle, entries)].reduce(
          (sum, { fileName, code }) => sum + (sizes.get(fileName) ?? Buffer.byteLength(code)),
          0,
        );
        const size = `the ${place} loads ${bytes} bytes of compressed JavaScript`;
        if (bytes > MOST_BYTES) this.error(`${size}, of ${MOST_BYTES} at most`);
        this.info(size);
      }
    },
  };
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
