import type { FullResult, Reporter, TestCase } from "@playwright/test/reporter";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ANNOTATION, isKept, type Figure } from "./figure";

/** Prints the figures as a table, and writes them to MUSTER_BENCH_REPORT. */
export default class FiguresReporter implements Reporter {
  private readonly figures: Figure[] = [];

  onTestEnd({ annotations }: TestCase): void {
    for (const { type, description } of annotations)
      if (type === ANNOTATION) this.figures.push(JSON.parse(description ?? "") as Figure);
  }

  onEnd({ status }: FullResult): void {
    const width = Math.max(0, ...this.figures.map(({ name }) => name.length));
    console.log("");
    for (const figure of this.figures) console.log(row(figure, width));
    const file = process.env["MUSTER_BENCH_REPORT"];
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    const kept = this.figures.map((figure) => ({ ...figure, kept: isKept(figure) }));
    writeFileSync(file, JSON.stringify({ status, figures: kept }, null, 2) + "\n");
  }
}

function row(figure: Figure, width: number): string {
  const { name, value, unit, limit } = figure;
  const wanted = "most" in limit ? `≤ ${limit.most}` : `≥ ${limit.least}`;
  const measured = `${value.toFixed(Number.isInteger(value) ? 0 : 1)} ${unit}`;
  return `${name.padEnd(width)}  ${measured.padStart(10)}  ${wanted.padStart(6)}  ${isKept(figure) ? "kept" : "MISSED"}`;
}
