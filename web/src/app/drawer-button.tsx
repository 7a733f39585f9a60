import { Menu } from "lucide-react";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { useNeeds } from "./use-needs";

/** Opens the rail where it is a drawer, and tells how much in it needs the user. */
export function DrawerButton() {
  const { count } = useNeeds();
  return (
    <IconButton
      label={count === 0 ? t.rail.open : `${t.rail.open}. ${t.needs.count(count)}`}
      className="relative"
      onClick={() => openDialog({ kind: "rail" })}
    >
      <Menu />
      {count > 0 && (
        <span className="absolute top-0 right-0 min-w-4 rounded-full bg-solid px-1 text-[0.625rem] leading-4 text-on-solid tabular-nums">
          {count}
        </span>
      )}
    </IconButton>
  );
}
