import { closeDialog, useOpenDialog } from "@/shared/dialogs/dialog-store";
import { t } from "@/shared/i18n/strings";
import { useMediaQuery } from "@/shared/ui/use-media-query";
import { Sheet } from "@/shared/ui/sheet";
import { Place } from "./place";
import { Rail } from "./rail";

/** Rail, session and detail beside each other; on a phone the rail is a drawer. */
export function AppPage() {
  const wide = useMediaQuery("(min-width: 768px)");
  const open = useOpenDialog();
  return (
    <div className="flex h-full">
      {wide ? (
        <div className="w-66 shrink-0 border-r border-line 2xl:w-72">
          <Rail />
        </div>
      ) : (
        <Sheet
          open={open?.kind === "rail"}
          onOpenChange={closeDialog}
          side="start"
          title={t.rail.label}
        >
          <Rail />
        </Sheet>
      )}
      <main className="min-w-0 flex-1">
        <Place phone={!wide} />
      </main>
    </div>
  );
}
