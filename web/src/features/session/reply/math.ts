import "katex/dist/katex.min.css";
import rehypeKatex from "rehype-katex";
import remarkMath from "remark-math";
import type { MathPlugin } from "streamdown";

/** Formulas, loaded when the first one comes. Bounded in size and in what a macro may become. */
export const math: MathPlugin = {
  name: "katex",
  type: "math",
  // A single dollar is money more often than mathematics.
  remarkPlugin: [remarkMath, { singleDollarTextMath: false }],
  rehypePlugin: [
    rehypeKatex,
    { maxSize: 30, maxExpand: 300, strict: "ignore", errorColor: "currentColor" },
  ],
};
