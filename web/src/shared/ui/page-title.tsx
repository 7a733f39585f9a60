import { t } from "@/shared/i18n/strings";

/** What the tab is called, by which it is found among others (WCAG 2.2, 2.4.2). */
export function PageTitle({ of }: { of: string }) {
  return <title>{of === "" ? t.name : `${of} · ${t.name}`}</title>;
}
