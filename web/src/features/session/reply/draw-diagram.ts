/** Characters of a source that is drawn; more is drawn by nobody in a second. */
const LONGEST = 20_000;

let count = 0;

/** The address of the picture that Mermaid makes of a source. */
export async function drawDiagram(source: string, dark: boolean): Promise<string> {
  if (source.length > LONGEST) throw new Error("the diagram is too large");
  const { default: mermaid } = await import("mermaid");
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: dark ? "dark" : "neutral",
    // A picture has no fonts of the page, and no HTML.
    fontFamily: "system-ui, sans-serif",
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    suppressErrorRendering: true,
  });
  const { svg } = await mermaid.render(`diagram-${++count}`, source);
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(sized(svg))}`;
}

/** A picture needs a size of its own; Mermaid's takes that of its box. */
function sized(svg: string): string {
  const box = /viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"/.exec(svg);
  const [, width, height] = box ?? [];
  if (width === undefined || height === undefined) return svg;
  return svg.replace(/<svg([^>]*?) width="100%"/, `<svg$1 width="${width}" height="${height}"`);
}
