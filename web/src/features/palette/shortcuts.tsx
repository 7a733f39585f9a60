import { closeDialog } from "@/shared/dialogs/dialog-store";
import { useStore } from "zustand";
import { t } from "@/shared/i18n/strings";
import { singleKeysStore } from "@/shared/keys/single-keys";
import { Dialog } from "@/shared/ui/dialog";
import { Kbd } from "@/shared/ui/kbd";

const mod = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

type Keys = readonly (readonly [string, string])[];

const always: Keys = [
  [t.shortcuts.palette, `${mod} K`],
  [t.shortcuts.send, "Enter"],
  [t.shortcuts.newline, "Shift Enter"],
  [t.shortcuts.editLast, "↑"],
];
const single: Keys = [
  [t.shortcuts.compose, "/"],
  [t.shortcuts.newSession, "N"],
  [t.shortcuts.next, "J"],
  [t.shortcuts.previous, "K"],
  [t.shortcuts.detail, "D"],
  [t.shortcuts.help, "?"],
];

export default function Shortcuts() {
  const singleOn = useStore(singleKeysStore);
  return (
    <Dialog
      open
      onOpenChange={closeDialog}
      title={t.shortcuts.title}
      description={singleOn ? undefined : t.shortcuts.singleKeysOff}
    >
      <dl className="divide-y divide-line">
        {[...always, ...(singleOn ? single : [])].map(([label, key]) => (
          <div key={label} className="flex items-center justify-between py-2">
            <dt className="text-ink-2">{label}</dt>
            <dd className="flex gap-1">
              {key.split(" ").map((part) => (
                <Kbd key={part} keys={part} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
