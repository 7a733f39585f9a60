import { Link } from "@tanstack/react-router";
import { Search, Settings } from "lucide-react";
import { MachineSelector } from "@/features/fleet/machine-selector";
import { useMe } from "@/shared/account/use-me";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";
import { Kbd } from "@/shared/ui/kbd";
import { Mark } from "@/shared/ui/mark";
import { RailNeeds } from "./rail-needs";

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Rail() {
  const go = useGo();
  const me = useMe();
  return (
    <nav aria-label={t.rail.label} className="flex h-full min-h-0 flex-col bg-panel">
      <div className="flex h-12 shrink-0 items-center gap-2 pr-2 pl-3">
        <button
          type="button"
          onClick={() => go({})}
          className="flex touch items-center gap-2 rounded-md text-sm font-semibold tracking-[-0.01em]"
        >
          <Mark className="size-5.5" />
          {t.name}
        </button>
      </div>
      <div className="shrink-0 px-2 pb-2">
        <button
          type="button"
          onClick={() => openDialog({ kind: "palette" })}
          className="flex h-8 touch w-full items-center gap-2 rounded-md border border-line bg-raised px-2 text-left text-ink-3 shadow-low hover:text-ink-2"
        >
          <Search aria-hidden className="size-3.5" />
          <span className="flex-1">{t.rail.search}</span>
          {/* A phone has no such keys, and a narrow window takes the rail for one. */}
          <Kbd keys={isApple ? "⌘K" : "Ctrl K"} className="max-md:hidden pointer-coarse:hidden" />
        </button>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pt-1 pb-4">
        <RailNeeds />
        <MachineSelector />
      </div>
      <div className="flex h-11 shrink-0 items-center gap-1 border-t border-line pr-2 pl-3">
        <span className="min-w-0 flex-1 truncate text-ink-2">{me.username}</span>
        <Button look="ghost" size="icon" asChild>
          <Link to="/settings" aria-label={t.rail.settings}>
            <Settings />
          </Link>
        </Button>
      </div>
    </nav>
  );
}
