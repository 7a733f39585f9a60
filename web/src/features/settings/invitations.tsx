import { MailPlus } from "lucide-react";
import { fullTime } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { CommandLine } from "@/shared/ui/command-line";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { useCreateInvitation, useDeleteInvitation, useInvitations } from "./use-people";

/** Links that each make one account. */
export function Invitations() {
  const invitations = useInvitations();
  const create = useCreateInvitation();
  const remove = useDeleteInvitation();
  const open = invitations.data?.items ?? [];
  return (
    <>
      {open.length > 0 && (
        <ul aria-label={t.people.invitations} className="mt-3 divide-y divide-line">
          {open.map(({ invitationId, expiresAt }) => (
            <li key={invitationId} className="flex items-center gap-3 py-2">
              <p className="mr-auto min-w-0 text-ink-2">{t.people.invited(fullTime(expiresAt))}</p>
              <Button size="sm" onClick={() => remove.mutate(invitationId)}>
                {t.people.takeBack}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button className="mt-3" busy={create.isPending} onClick={() => create.mutate()}>
        <MailPlus /> {t.people.invite}
      </Button>
      {create.data !== undefined && (
        <Dialog
          open
          onOpenChange={create.reset}
          title={t.people.invite}
          description={t.people.inviteText(fullTime(create.data.expiresAt))}
        >
          <CommandLine
            label={t.people.link}
            copyLabel={t.people.copyLink}
            text={`${location.origin}/register?invitation=${create.data.secret}`}
          />
          <DialogActions>
            <Button look="solid" onClick={create.reset}>
              {t.common.done}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </>
  );
}
