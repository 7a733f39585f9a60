import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { t } from "@/shared/i18n/strings";
import { themeStore } from "@/shared/theme/theme";
import { useMediaQuery } from "@/shared/ui/use-media-query";
import { drawDiagram } from "./draw-diagram";

/**
 * A diagram, drawn from its Mermaid source. As a picture it runs nothing and fetches nothing, whatever the
 * source says; one that cannot be drawn is left to its source.
 */
export function Diagram({ source, otherwise }: { source: string; otherwise: React.ReactNode }) {
  const theme = useStore(themeStore);
  const prefersDark = useMediaQuery("(prefers-color-scheme: dark)");
  const dark = theme === "dark" || (theme === "system" && prefersDark);
  const [drawn, setDrawn] = useState<string | null>();
  useEffect(() => {
    let current = true;
    drawDiagram(source, dark).then(
      (address) => current && setDrawn(address),
      () => current && setDrawn(null),
    );
    return () => {
      current = false;
    };
  }, [source, dark]);
  // Neither yet, nor ever.
  if (drawn == null) return otherwise;
  return (
    <div className="overflow-x-auto px-3.5 pb-3.5">
      <img src={drawn} alt={t.reply.diagram} className="mx-auto max-h-[36rem] max-w-full" />
    </div>
  );
}
