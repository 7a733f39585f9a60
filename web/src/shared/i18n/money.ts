import { locale } from "./language";

const format = (options: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    ...options,
  });

const dollars = format({});
const cents = format({ minimumFractionDigits: 2, maximumFractionDigits: 4 });
const fractions = format({ maximumSignificantDigits: 2 });

/** What something cost, as exactly as the amount deserves; null where there is nothing to tell. */
export function money(amount: number | null | undefined): string | null {
  if (amount == null || !Number.isFinite(amount) || amount <= 0) return null;
  if (amount < 0.01) return fractions.format(amount);
  return (amount < 1 ? cents : dollars).format(amount);
}
