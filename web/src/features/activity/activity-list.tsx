import {
  Bot,
  KeyRound,
  Laptop,
  MailPlus,
  MessageCircleQuestionMark,
  MessagesSquare,
  UserRound,
  type LucideIcon,
} from "lucide-react";
import { deviceName } from "@/shared/account/device-name";
import { useMe } from "@/shared/account/use-me";
import { t } from "@/shared/i18n/strings";
import { clockTime, fullTime, longDay } from "@/shared/i18n/time";
import type { AuditEntry } from "./use-activity";

const icons: Record<string, LucideIcon> = {
  account: UserRound,
  token: KeyRound,
  invitation: MailPlus,
  machine: Laptop,
  worker: Bot,
  session: MessagesSquare,
  request: MessageCircleQuestionMark,
};

/** Entries of the log, day by day. */
export function ActivityList({ entries }: { entries: AuditEntry[] }) {
  return byDay(entries).map(({ day, entries }) => (
    <section key={day} className="mt-5">
      <h2 className="text-xs font-medium text-ink-3">{day}</h2>
      <ul className="mt-1 divide-y divide-line">
        {entries.map((entry) => (
          <Entry key={entry.auditId} entry={entry} />
        ))}
      </ul>
    </section>
  ));
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { action, entity, objectName, timestamp } = entry;
  const me = useMe();
  const detail = exactly(entry);
  const Icon = icons[entity] ?? UserRound;
  return (
    <li className="flex items-start gap-3 py-2">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />
      <div className="min-w-0 flex-1">
        <p className="wrap-anywhere">
          {t.activity.actions[action]}
          {objectName !== "" && <span className="font-medium"> {objectName}</span>}
          {detail !== "" && <span className="text-ink-2"> · {detail}</span>}
        </p>
        <p className="text-xs wrap-anywhere text-ink-3">{by(entry, me.userId)}</p>
      </div>
      <time
        dateTime={new Date(timestamp).toISOString()}
        title={fullTime(timestamp)}
        className="mt-0.5 shrink-0 text-xs text-ink-3 tabular-nums"
      >
        {clockTime(timestamp)}
      </time>
    </li>
  );
}

function exactly({ action, detail }: AuditEntry): string {
  return action === "account.signed_in" ? (deviceName(detail) ?? "") : detail;
}

/** Who, by what, from where, and whose it is if it is somebody else's. */
function by({ actor, userId, username }: AuditEntry, me: string): string {
  const { workerId, tokenId, tokenName, address } = actor;
  const who = actor.username ?? (workerId === undefined ? undefined : t.activity.worker);
  return [
    who ?? (address === undefined ? t.activity.system : t.activity.somebody),
    tokenId !== undefined && t.activity.byToken(tokenName ?? tokenId),
    address !== undefined && t.activity.from(address),
    actor.userId !== userId && userId !== me && t.activity.of(username),
  ]
    .filter(Boolean)
    .join(" · ");
}

function byDay(entries: AuditEntry[]) {
  const days: { day: string; entries: AuditEntry[] }[] = [];
  for (const entry of entries) {
    const day = longDay(entry.timestamp);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
