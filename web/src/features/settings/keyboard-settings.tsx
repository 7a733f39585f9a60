import { useStore } from "zustand";
import { t } from "@/shared/i18n/strings";
import { setSingleKeys, singleKeysStore } from "@/shared/keys/single-keys";
import { Choice } from "@/shared/ui/choice";

export function KeyboardSettings() {
  const on = useStore(singleKeysStore);
  return (
    <>
      <Choice
        label={t.settings.singleKeys}
        options={t.settings.onOff}
        value={on ? "on" : "off"}
        onChange={(next) => setSingleKeys(next === "on")}
      />
      <p className="mt-1 max-w-md text-xs text-pretty text-ink-3">{t.settings.singleKeysText}</p>
    </>
  );
}
