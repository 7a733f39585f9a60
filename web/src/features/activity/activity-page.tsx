import { Link } from "@tanstack/react-router";
import { ArrowLeft, ChevronDown, Download, X } from "lucide-react";
import type { ReactNode } from "react";
import { useMe } from "@/shared/account/use-me";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Choice } from "@/shared/ui/choice";
import { LoadError } from "@/shared/ui/load-error";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/shared/ui/menu";
import { PageTitle } from "@/shared/ui/page-title";
import { Skeleton } from "@/shared/ui/skeleton";
import { ActivityList } from "./activity-list";
import { exportOf, useActivity, type ActivityFilter } from "./use-activity";

interface ActivityPageProps {
  needs: ReactNode;
  filter: ActivityFilter;
  onFilter: (filter: ActivityFilter) => void;
}

/** The audit log: who did what. */
export function ActivityPage({ needs, filter, onFilter }: ActivityPageProps) {
  const me = useMe();
  const activity = useActivity(filter);
  const entries = activity.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <main className="h-full overflow-y-auto">
      <PageTitle of={t.activity.title} />
      <div className="mx-auto w-full max-w-2xl px-5 py-6 md:py-10">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <Button look="ghost" size="sm" asChild className="-ml-2.5">
            <Link to="/settings">
              <ArrowLeft /> {t.activity.back}
            </Link>
          </Button>
          {needs}
        </div>
        <h1 className="mt-3 text-xl font-semibold tracking-[-0.02em]">{t.activity.title}</h1>
        <p className="text-pretty text-ink-2">{t.activity.text}</p>
        <div className="mt-5 flex flex-wrap items-center gap-2 border-b border-line pb-3">
          <KindMenu value={filter.entity} onChange={(entity) => onFilter({ ...filter, entity })} />
          {me.role === "admin" && (
            <Choice
              label={t.activity.whose}
              hideLabel
              options={t.activity.whoseOptions}
              value={filter.all === true ? "all" : "own"}
              onChange={(whose) => onFilter({ ...filter, all: whose === "all" ? true : undefined })}
            />
          )}
          {filter.object !== undefined && (
            <Button size="sm" onClick={() => onFilter({ ...filter, object: undefined })}>
              {t.activity.oneThing} <X aria-label={t.activity.showAll} />
            </Button>
          )}
          <Button asChild className="ml-auto">
            <a href={exportOf(filter)} download>
              <Download /> {t.activity.export}
            </a>
          </Button>
        </div>
        {activity.isPending && <Skeleton className="mt-4 h-40 w-full" />}
        {activity.isError && (
          <LoadError error={activity.error} onRetry={() => void activity.refetch()} />
        )}
        {activity.isSuccess && entries.length === 0 && (
          <p className="py-6 text-ink-3">{t.activity.none}</p>
        )}
        <ActivityList entries={entries} />
        {activity.hasNextPage && (
          <Button
            className="mt-3"
            busy={activity.isFetchingNextPage}
            onClick={() => void activity.fetchNextPage()}
          >
            {t.activity.more}
          </Button>
        )}
      </div>
    </main>
  );
}

interface KindMenuProps {
  value: string | undefined;
  onChange: (kind: string | undefined) => void;
}

function KindMenu({ value, onChange }: KindMenuProps) {
  const kinds = t.activity.kinds as Record<string, string>;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button>
          {value === undefined ? t.activity.everything : kinds[value]} <ChevronDown />
        </Button>
      </MenuTrigger>
      <MenuContent align="start">
        <MenuItem onSelect={() => onChange(undefined)}>{t.activity.everything}</MenuItem>
        {Object.entries(kinds).map(([kind, name]) => (
          <MenuItem key={kind} onSelect={() => onChange(kind)}>
            {name}
          </MenuItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
