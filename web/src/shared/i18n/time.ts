import { locale } from "./language";
import { t } from "./strings";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Made when it is first wanted: the first of its kind takes a phone a tenth of a second. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const language = locale();
const relative = once(
  () => new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" }),
);
const clock = once(() => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }));
const day = once(() => new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }));
const long = once(() => new Intl.DateTimeFormat(language, { dateStyle: "full" }));
const full = once(
  () => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }),
);
const number = once(
  () => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }),
);

/** "just now", "5 min ago", "3 hr ago", then the date. */
export function ago(at: number, now = Date.now()): string {
  const gone = Math.max(0, now - at);
  if (gone < MINUTE) return t.time.now;
  if (gone < HOUR) return relative().format(-Math.floor(gone / MINUTE), "minute");
  if (gone < DAY) return relative().format(-Math.floor(gone / HOUR), "hour");
  return day().format(at);
}

export const clockTime = (at: number) => clock().format(at);
export const longDay = (at: number) => long().format(at);
export const fullTime = (at: number) => full().format(at);
export const compact = (value: number) => number().format(value);

const tenths = once(
  () => new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);

/** How long something took: "< 0.1 s", "0.8 s", "42 s", "3 min". */
export function took(ms: number): string {
  if (ms < 50) return t.time.seconds(`< ${tenths().format(0.1)}`);
  if (ms < 9_950) return t.time.seconds(tenths().format(ms / 1000));
  if (ms < 2 * MINUTE) return t.time.seconds(String(Math.round(ms / 1000)));
  return t.time.minutes(String(Math.round(ms / MINUTE)));
}
