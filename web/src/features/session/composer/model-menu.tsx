import { Command } from "cmdk";
import { Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import type { Model, Worker } from "@/shared/api/types";
import { compact } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/shared/ui/popover";
import { namedModel, nameOfModel } from "../named-model";
import { VariantChoice } from "./variant-choice";

interface ModelMenuProps {
  worker: Worker | undefined;
  value: string;
  onChange: (model: string) => void;
}

/** Exactly the models that the worker published; one that was never online has none, and says so. */
export function ModelMenu({ worker, value, onChange }: ModelMenuProps) {
  const [open, setOpen] = useState(false);
  if (worker === undefined || worker.models.length === 0)
    return <span className="min-w-0 px-2.5 text-xs text-ink-3">{withoutModels(worker)}</span>;
  const named = namedModel(worker.models, value);
  const variant = named?.variant == null ? "" : ` · ${named.variant}`;
  const shown = named === undefined ? value || t.composer.chooseModel : named.model.name + variant;
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          look="ghost"
          size="sm"
          className="min-w-0 shrink"
          aria-label={`${t.composer.model}: ${shown}`}
        >
          <span className="truncate">{shown}</span>
          <ChevronDown />
        </Button>
      </PopoverTrigger>
      <PopoverContent align="start" side="top" className="w-80 max-w-[92vw]">
        <Command label={t.composer.chooseModel} defaultValue={named?.model.modelId ?? value}>
          <Command.Input
            placeholder={t.composer.findModel}
            className="h-10 w-full border-b border-line bg-transparent px-3.5 text-base outline-none placeholder:text-ink-3 md:text-sm"
          />
          <Command.List className="max-h-72 overflow-y-auto p-1">
            <Command.Empty className="px-3 py-4 text-ink-3">{t.composer.noModel}</Command.Empty>
            {byProvider(worker.models).map(([provider, models]) => (
              <Command.Group
                key={provider}
                heading={provider}
                className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:py-1 **:[[cmdk-group-heading]]:text-xs **:[[cmdk-group-heading]]:text-ink-3"
              >
                {models.map((model) => (
                  <ModelItem
                    key={model.modelId}
                    model={model}
                    chosen={model === named?.model}
                    onSelect={() => {
                      onChange(model.modelId);
                      // Else there is more to choose.
                      setOpen(model.variants.length > 0);
                    }}
                  />
                ))}
              </Command.Group>
            ))}
          </Command.List>
        </Command>
        {named !== undefined && (
          <VariantChoice value={named} onChange={(chosen) => onChange(nameOfModel(chosen))} />
        )}
      </PopoverContent>
    </Popover>
  );
}

interface ModelItemProps {
  model: Model;
  chosen: boolean;
  onSelect: () => void;
}

function ModelItem({ model, chosen, onSelect }: ModelItemProps) {
  return (
    <Command.Item
      value={model.modelId}
      keywords={[model.name, model.provider]}
      onSelect={onSelect}
      className="flex touch cursor-default items-center gap-2 rounded-md px-2.5 py-1.5 data-[selected=true]:bg-hover"
    >
      <span className="min-w-0 flex-1">
        <span className="block truncate">{model.name}</span>
        {model.name !== model.modelId && (
          <span className="block truncate text-xs text-ink-3">{model.modelId}</span>
        )}
      </span>
      {model.contextTokens != null && (
        <span className="text-xs text-ink-3">
          {t.composer.context(compact(model.contextTokens))}
        </span>
      )}
      <Check aria-hidden className={chosen ? "size-4 text-signal" : "size-4 opacity-0"} />
    </Command.Item>
  );
}

function withoutModels(worker: Worker | undefined): string {
  if (worker?.modelsKnown) return t.worker.emptyModels;
  if (worker === undefined || worker.status === "online") return t.worker.loadingModels;
  return t.worker.noModels;
}

function byProvider(models: readonly Model[]): [string, Model[]][] {
  const groups: Record<string, Model[]> = {};
  for (const model of models) (groups[model.provider] ??= []).push(model);
  return Object.entries(groups);
}
