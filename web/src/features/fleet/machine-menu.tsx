import { Link } from "@tanstack/react-router";
import { EllipsisVertical, EyeOff, History, Pencil, Plus, Trash2 } from "lucide-react";
import { toast } from "@/shared/ui/toast";
import type { Machine } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/shared/ui/menu";
import { useUpdateMachine } from "./use-update-machine";

export function MachineMenu({ machine }: { machine: Machine }) {
  const { machineId, name, hidden } = machine;
  const update = useUpdateMachine(machineId);
  const toggleHidden = () =>
    update.mutate(
      { hidden: !hidden },
      { onSuccess: () => !hidden && toast(t.machine.hiddenNow(name)) },
    );
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button look="ghost" size="icon-sm" aria-label={t.rail.menuOf(name)}>
          <EllipsisVertical />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem onSelect={() => openDialog({ kind: "create-worker", machineId })}>
          <Plus /> {t.machine.addWorker}
        </MenuItem>
        <MenuItem onSelect={() => openDialog({ kind: "rename-machine", machineId })}>
          <Pencil /> {t.common.rename}
        </MenuItem>
        <MenuItem onSelect={toggleHidden}>
          <EyeOff /> {hidden ? t.machine.unhide : t.machine.hide}
        </MenuItem>
        <MenuItem asChild>
          <Link to="/activity" search={{ object: machineId }}>
            <History /> {t.activity.title}
          </Link>
        </MenuItem>
        <MenuSeparator />
        <MenuItem destructive onSelect={() => openDialog({ kind: "delete-machine", machineId })}>
          <Trash2 /> {t.machine.delete}
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
