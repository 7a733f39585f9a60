import { expect, type TestInfo } from "@playwright/test";

export const ANNOTATION = "figure";

/** Something measured, and what it must be. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** At most, or at least, so much. */
  limit: { most: number } | { least: number };
}

export function isKept({ value, limit }: Figure): boolean {
  return "most" in limit ? value <= limit.most : value >= limit.least;
}

/** Notes a figure for the table; one that is missed fails the test once all of it was measured. */
export function report(info: TestInfo, figure: Figure): void {
  info.annotations.push({ type: ANNOTATION, description: JSON.stringify(figure) });
  const { name, value, unit } = figure;
  expect.soft(isKept(figure), `${name}: ${value} ${unit}`).toBe(true);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
