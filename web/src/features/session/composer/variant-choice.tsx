import { t } from "@/shared/i18n/strings";
import { Choice } from "@/shared/ui/choice";
import type { NamedModel } from "../named-model";

interface VariantChoiceProps {
  value: NamedModel;
  onChange: (value: NamedModel) => void;
}

/** No variant's name. */
const NONE = "#";

/** What a model offers of itself, such as how hard it thinks. */
export function VariantChoice({ value: { model, variant }, onChange }: VariantChoiceProps) {
  if (model.variants.length === 0) return null;
  const names = model.variants.map((name) => [name, name] as const);
  return (
    <div className="border-t border-line px-3.5 py-2.5 text-sm">
      <Choice
        label={t.composer.variant}
        options={{ [NONE]: t.composer.noVariant, ...Object.fromEntries(names) }}
        value={variant ?? NONE}
        onChange={(name) => onChange({ model, variant: name === NONE ? null : name })}
      />
    </div>
  );
}
