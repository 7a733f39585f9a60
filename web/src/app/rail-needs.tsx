import { CircleHelp, KeyRound } from "lucide-react";
import type { ReactNode } from "react";
import { nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { useNeeds } from "./use-needs";

/** What waits for a decision, on top of everything else. */
export function RailNeeds() {
  const { registrations, requests, count } = useNeeds();
  const go = useGo();
  return (
    <section aria-label={t.needs.title} className={count > 0 ? "mb-4" : "sr-only"}>
      {count > 0 && (
        <>
          <h2 className="flex items-center gap-1.5 px-2 pb-1 text-xs font-medium text-wait-ink">
            {t.needs.title}
            <span className="tabular-nums">{count}</span>
          </h2>
          <ul className="rounded-lg bg-wait-soft p-0.5">
            {requests.map((r) => (
              <NeedRow
                key={r.requestId}
                icon={<CircleHelp />}
                onClick={() => go({ session: r.chatSessionId })}
              >
                {r.title}
              </NeedRow>
            ))}
            {registrations.map(({ registration: r, worker, machine }) => (
              <NeedRow
                key={r.workerId + r.fingerprint}
                icon={<KeyRound />}
                onClick={() => go({ machine: machine.machineId })}
              >
                {nameOf(worker)} · {machine.name}
              </NeedRow>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

interface NeedRowProps {
  icon: ReactNode;
  onClick: () => void;
  children: ReactNode;
}

function NeedRow({ icon, onClick, children }: NeedRowProps) {
  return (
    <li>
      <button
        type="button"
        onClick={onClick}
        className="flex h-7.5 touch w-full items-center gap-2 rounded-md px-1.5 text-left hover:bg-wait-soft"
      >
        <span aria-hidden className="text-wait-ink [&>svg]:size-3.5">
          {icon}
        </span>
        <span className="truncate">{children}</span>
      </button>
    </li>
  );
}
