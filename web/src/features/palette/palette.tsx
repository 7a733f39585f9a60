import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import {
  Download,
  Keyboard,
  Link2,
  LogOut,
  MessageSquare,
  MessageSquareText,
  Monitor,
  Plus,
  Settings,
  SquarePen,
  SunMoon,
} from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useSignOut } from "@/shared/account/use-sign-out";
import { messageOf } from "@/shared/api/api-error";
import { closeDialog, openDialog, returnFocus } from "@/shared/dialogs/dialog-store";
import { exportSession } from "@/shared/fleet/export-session";
import { isApproved, nameOf, titleOf } from "@/shared/fleet/presence";
import { useMachines } from "@/shared/fleet/use-machines";
import { useSessions } from "@/shared/fleet/use-sessions";
import { useAllWorkers } from "@/shared/fleet/use-workers";
import { t } from "@/shared/i18n/strings";
import { useGo, usePlace } from "@/shared/nav/place";
import { setTheme, type ThemeSetting } from "@/shared/theme/theme";
import { useSearch } from "./use-search";

const themes: readonly ThemeSetting[] = ["system", "light", "dark"];

/** Finds sessions, workers, machines and actions by a few letters, and sessions by what was said in them. */
export default function Palette() {
  const go = useGo();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const known = useMachines().data;
  const machines = known ?? [];
  const workers = useAllWorkers(machines);
  const sessions = (useSessions().data ?? []).toSorted((a, b) => b.lastActivity - a.lastActivity);
  const place = usePlace();
  const open = sessions.find((s) => s.chatSessionId === place.session);
  const [text, setText] = useState("");
  const { said, searching, error } = useSearch(text);
  // Its library's dialog leaves the focus nowhere, a moment after it is gone.
  useEffect(() => () => void setTimeout(returnFocus), []);
  const pick = (action: () => void) => () => {
    closeDialog();
    action();
  };
  return (
    <Command.Dialog
      open
      onOpenChange={closeDialog}
      label={t.palette.label}
      overlayClassName="animate-fade fixed inset-0 z-40 bg-veil"
      contentClassName="animate-enter fixed inset-x-3 top-[10vh] z-40 mx-auto max-w-xl overflow-hidden rounded-xl bg-raised shadow-pop outline-none"
    >
      <Command.Input
        placeholder={t.palette.placeholder}
        value={text}
        onValueChange={setText}
        className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-ink-3"
      />
      {error !== null && (
        <p role="alert" className="px-4 py-2 text-bad-ink">
          {t.palette.failed(messageOf(error))}
        </p>
      )}
      <Command.List className="max-h-[56vh] overflow-y-auto p-1.5">
        {said.length === 0 && error === null && (
          <Command.Empty className="px-3 py-6 text-center text-ink-3">
            {searching ? t.palette.searching : t.palette.none}
          </Command.Empty>
        )}
        <Group heading={t.palette.sessions}>
          {sessions.map((s) => (
            <Item
              key={s.chatSessionId}
              id={s.chatSessionId}
              icon={<MessageSquare />}
              words={[titleOf(s)]}
              onSelect={pick(() => go({ session: s.chatSessionId }))}
            />
          ))}
        </Group>
        {said.length > 0 && (
          <Group heading={t.palette.said} forceMount>
            {said.map((s) => (
              <Item
                key={s.chatSessionId}
                id={`said-${s.chatSessionId}`}
                icon={<MessageSquareText />}
                words={[s.match?.snippet ?? "", titleOf(s)]}
                forceMount
                onSelect={pick(() => go({ session: s.chatSessionId }))}
              />
            ))}
          </Group>
        )}
        <Group heading={t.palette.workers}>
          {machines.flatMap((m) =>
            (workers.get(m.machineId) ?? [])
              .filter(isApproved)
              .map((w) => (
                <Item
                  key={w.workerId}
                  id={w.workerId}
                  icon={<SquarePen />}
                  words={[t.rail.newSessionOn(nameOf(w)), m.name]}
                  onSelect={pick(() => go({ machine: m.machineId, worker: w.workerId }))}
                />
              )),
          )}
        </Group>
        <Group heading={t.palette.machines}>
          {machines.map((m) => (
            <Item
              key={m.machineId}
              id={m.machineId}
              icon={<Monitor />}
              words={[m.name]}
              onSelect={pick(() => go({ machine: m.machineId }))}
            />
          ))}
        </Group>
        <Group heading={t.palette.actions}>
          {known?.length === 0 && (
            <Item
              id="new-session"
              icon={<SquarePen />}
              words={[t.rail.newSession, t.palette.addMachineFirst]}
              onSelect={() => openDialog({ kind: "create-machine" })}
            />
          )}
          <Item
            id="add-machine"
            icon={<Plus />}
            words={[t.machine.add]}
            onSelect={() => openDialog({ kind: "create-machine" })}
          />
          {themes.map((theme) => (
            <Item
              key={theme}
              id={`theme-${theme}`}
              icon={<SunMoon />}
              words={[t.palette.theme(t.settings.themes[theme])]}
              onSelect={pick(() => setTheme(theme))}
            />
          ))}
          {open !== undefined && (
            <>
              <Item
                id="share"
                icon={<Link2 />}
                words={[t.share.open, titleOf(open)]}
                onSelect={() =>
                  openDialog({ kind: "share-session", sessionId: open.chatSessionId })
                }
              />
              {(["markdown", "json"] as const).map((format) => (
                <Item
                  key={format}
                  id={`export-${format}`}
                  icon={<Download />}
                  words={[t.session.exportAs[format], titleOf(open)]}
                  onSelect={pick(() => exportSession(open.chatSessionId, format))}
                />
              ))}
            </>
          )}
          <Item
            id="shortcuts"
            icon={<Keyboard />}
            words={[t.palette.shortcuts]}
            onSelect={() => openDialog({ kind: "shortcuts" })}
          />
          <Item
            id="settings"
            icon={<Settings />}
            words={[t.settings.title]}
            onSelect={pick(() => void navigate({ to: "/settings" }))}
          />
          <Item
            id="sign-out"
            icon={<LogOut />}
            words={[t.auth.signOut]}
            onSelect={pick(() => signOut.mutate())}
          />
        </Group>
      </Command.List>
    </Command.Dialog>
  );
}

interface GroupProps {
  heading: string;
  /** What is in it was found elsewhere: the letters do not decide here. */
  forceMount?: boolean;
  children: ReactNode;
}

function Group({ heading, forceMount = false, children }: GroupProps) {
  return (
    <Command.Group
      heading={heading}
      forceMount={forceMount}
      className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-xs **:[[cmdk-group-heading]]:text-ink-3"
    >
      {children}
    </Command.Group>
  );
}

interface ItemProps {
  id: string;
  icon: ReactNode;
  words: readonly [string, string?];
  forceMount?: boolean;
  onSelect: () => void;
}

function Item({ id, icon, words: [text, beside], forceMount = false, onSelect }: ItemProps) {
  return (
    <Command.Item
      value={id}
      keywords={beside === undefined ? [text] : [text, beside]}
      onSelect={onSelect}
      forceMount={forceMount}
      className="flex h-9 touch cursor-default items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-hover [&>svg]:size-4 [&>svg]:shrink-0 [&>svg]:text-ink-3"
    >
      {icon}
      <span className="truncate">{text}</span>
      {beside !== undefined && (
        <span className="max-w-2/5 shrink-0 truncate text-xs text-ink-3">{beside}</span>
      )}
    </Command.Item>
  );
}
