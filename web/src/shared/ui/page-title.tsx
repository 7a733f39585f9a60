import { createContext, use } from "react";
import { t } from "@/shared/i18n/strings";

/** How much needs the user. */
export const TitleCount = createContext(0);

/** What the tab is called, by which it is found among others (WCAG 2.2, 2.4.2). */
export function PageTitle({ of }: { of: string }) {
  const count = use(TitleCount);
  const title = of === "" ? t.name : `${of} · ${t.name}`;
  return <title>{count === 0 ? title : `(${count}) ${title}`}</title>;
}
