import { Link } from "@tanstack/react-router";
import { EllipsisVertical, History, Pencil, SquareTerminal, Trash2 } from "lucide-react";
import type { Worker } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/shared/ui/menu";

export function WorkerMenu({ worker }: { worker: Worker }) {
  const { machineId, workerId } = worker;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button look="ghost" size="icon-sm" aria-label={t.rail.menuOf(nameOf(worker))}>
          <EllipsisVertical />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem
          onSelect={() => openDialog({ kind: "create-worker", machineId, existing: workerId })}
        >
          <SquareTerminal /> {t.worker.showCommand}
        </MenuItem>
        <MenuItem onSelect={() => openDialog({ kind: "rename-worker", machineId, workerId })}>
          <Pencil /> {t.common.rename}
        </MenuItem>
        <MenuItem asChild>
          <Link to="/activity" search={{ object: workerId }}>
            <History /> {t.activity.title}
          </Link>
        </MenuItem>
        <MenuSeparator />
        <MenuItem
          destructive
          onSelect={() => openDialog({ kind: "remove-worker", machineId, workerId })}
        >
          <Trash2 /> {t.worker.remove}
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
