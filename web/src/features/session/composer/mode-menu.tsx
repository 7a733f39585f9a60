import { Check, ChevronDown } from "lucide-react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Menu, MenuContent, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "@/shared/ui/menu";
import type { Place } from "./suggestions/use-suggestions";
import { useModes } from "./use-modes";

interface ModeMenuProps {
  place: Place;
  value: string | null;
  onChange: (modeId: string) => void;
}

/** Beside the model: how the agent works. Where it knows no modes, there is no menu. */
export function ModeMenu({ place, value, onChange }: ModeMenuProps) {
  const modes = useModes(place);
  const chosen = modes.find((mode) => mode.modeId === value) ?? modes[0];
  if (chosen === undefined) return null;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          look="ghost"
          size="sm"
          className="min-w-0 shrink-[2]"
          aria-label={`${t.composer.mode}: ${chosen.name}`}
        >
          <span className="truncate">{chosen.name}</span>
          <ChevronDown />
        </Button>
      </MenuTrigger>
      <MenuContent align="start" side="top" className="w-72 max-w-[92vw]">
        <MenuRadioGroup value={chosen.modeId} onValueChange={onChange}>
          {modes.map((mode) => (
            <MenuRadioItem key={mode.modeId} value={mode.modeId}>
              <span className="min-w-0 flex-1">
                <span className="block truncate">{mode.name}</span>
                {mode.description !== "" && (
                  <span className="line-clamp-2 text-xs text-ink-3">{mode.description}</span>
                )}
              </span>
              <Check
                aria-hidden
                className={
                  mode.modeId === chosen.modeId ? "size-4 text-signal" : "size-4 opacity-0"
                }
              />
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
