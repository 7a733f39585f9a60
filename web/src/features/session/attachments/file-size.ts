import { locale } from "@/shared/i18n/language";

const format = (unit: string, digits: number) =>
  new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: digits });

const bytes = format("byte", 0);
const kilobytes = format("kilobyte", 0);
const megabytes = format("megabyte", 1);

/** A size for people: "512 byte", "34 kB", "3.4 MB". */
export function fileSize(size: number): string {
  if (size < 1000) return bytes.format(size);
  return size < 1_000_000 ? kilobytes.format(size / 1000) : megabytes.format(size / 1_000_000);
}
