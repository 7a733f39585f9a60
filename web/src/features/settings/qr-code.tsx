import { encode } from "uqr";
import { t } from "@/shared/i18n/strings";

/** Dark on light in either theme: not every camera reads it the other way round. */
export default function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? `M${x} ${y}h1v1h-1z` : [])));
  return (
    <svg
      role="img"
      aria-label={t.settings.codeOf(text)}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="size-44 rounded-lg border border-line bg-qr-light fill-qr-dark forced-color-adjust-none"
    >
      <path d={dark.join("")} />
    </svg>
  );
}
