import {
  Braces,
  Ellipsis,
  FileText,
  Link2,
  Pencil,
  Pin,
  PinOff,
  Play,
  SquareX,
  Trash2,
} from "lucide-react";
import type { ChatSession } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { exportSession } from "@/shared/fleet/export-session";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/shared/ui/menu";
import { useUpdateSession } from "./actions/use-session-actions";

export function SessionMenu({ session }: { session: ChatSession }) {
  const { chatSessionId: sessionId, pinned } = session;
  const update = useUpdateSession(sessionId);
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button look="ghost" size="icon" aria-label={t.session.menu}>
          <Ellipsis />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem onSelect={() => openDialog({ kind: "rename-session", sessionId })}>
          <Pencil /> {t.common.rename}
        </MenuItem>
        <MenuItem onSelect={() => update.mutate({ pinned: !pinned })}>
          {pinned ? <PinOff /> : <Pin />} {pinned ? t.session.unpin : t.session.pin}
        </MenuItem>
        <MenuItem onSelect={() => openDialog({ kind: "share-session", sessionId })}>
          <Link2 /> {t.share.open}
        </MenuItem>
        <MenuItem onSelect={() => exportSession(sessionId, "markdown")}>
          <FileText /> {t.session.exportAs.markdown}
        </MenuItem>
        <MenuItem onSelect={() => exportSession(sessionId, "json")}>
          <Braces /> {t.session.exportAs.json}
        </MenuItem>
        <MenuSeparator />
        {session.status === "terminated" ? (
          <MenuItem onSelect={() => openDialog({ kind: "resume-session", sessionId })}>
            <Play /> {t.session.resume}
          </MenuItem>
        ) : (
          <MenuItem onSelect={() => openDialog({ kind: "end-session", sessionId })}>
            <SquareX /> {t.session.end}
          </MenuItem>
        )}
        <MenuSeparator />
        <MenuItem destructive onSelect={() => openDialog({ kind: "delete-session", sessionId })}>
          <Trash2 /> {t.session.delete}
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
