import { useState } from "react";
import { toast } from "@/shared/ui/toast";
import type { ChatSession } from "@/shared/api/types";
import { closeDialog } from "@/shared/dialogs/dialog-store";
import { fullTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Choice } from "@/shared/ui/choice";
import { CommandLine } from "@/shared/ui/command-line";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { useShareSession, useUnshareSession } from "./actions/use-share-session";

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS = { day: 1, week: 7, month: 30, year: 365 } as const;
type Lasts = keyof typeof DAYS;

/** Makes the link by which others can read a session, shows it this once, and ends it. */
export function ShareSession({ session }: { session: ChatSession }) {
  const { chatSessionId: id, sharedUntil } = session;
  const [lasts, setLasts] = useState<Lasts>("week");
  const share = useShareSession(id);
  const unshare = useUnshareSession(id, () => {
    toast(t.share.stopped);
    closeDialog();
  });
  const link = share.data;
  const until = link?.expiresAt ?? sharedUntil;
  return (
    <Dialog open onOpenChange={closeDialog} title={t.share.title} description={t.share.text}>
      <div className="flex flex-col gap-4">
        {link !== undefined && (
          <div className="flex flex-col gap-2">
            <CommandLine
              label={t.share.link}
              copyLabel={t.share.copy}
              text={`${location.origin}${link.path}`}
            />
            <p className="text-xs text-ink-3">{t.share.once}</p>
          </div>
        )}
        {until !== undefined && (
          <p className="text-sm text-ink-2">{t.share.until(fullTime(until))}</p>
        )}
        {link === undefined && (
          <Choice
            label={t.share.lasts}
            options={t.share.lastsFor}
            value={lasts}
            onChange={setLasts}
          />
        )}
        {link === undefined && sharedUntil !== undefined && (
          <p className="text-xs text-ink-3">{t.share.replaces}</p>
        )}
        <DialogActions>
          {until !== undefined && (
            <Button
              busy={unshare.isPending}
              onClick={() => unshare.mutate()}
              className="text-bad-ink"
            >
              {t.share.stop}
            </Button>
          )}
          {link === undefined ? (
            <Button
              look="solid"
              busy={share.isPending}
              onClick={() => share.mutate(Date.now() + DAYS[lasts] * DAY_MS - 1000)}
            >
              {sharedUntil === undefined ? t.share.make : t.share.makeNew}
            </Button>
          ) : (
            <Button look="solid" onClick={closeDialog}>
              {t.common.done}
            </Button>
          )}
        </DialogActions>
      </div>
    </Dialog>
  );
}
