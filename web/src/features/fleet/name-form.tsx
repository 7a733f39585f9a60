import { zodResolver } from "@hookform/resolvers/zod";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { ApiError, messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { DialogActions } from "@/shared/ui/dialog";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";

/** As long as the API takes. */
const LONGEST = 64;
const name = z.string().check(z.trim(), z.maxLength(LONGEST, t.machine.tooLong));
const required = z.object({ name: name.check(z.minLength(1, t.machine.blank)) });
const optional = z.object({ name });

interface NameFormProps {
  initial?: string;
  placeholder?: string;
  isOptional?: boolean;
  submit: string;
  busy: boolean;
  error: unknown;
  onCancel: () => void;
  onSubmit: (name: string) => void;
}

export function NameForm(props: NameFormProps) {
  const form = useForm({
    resolver: zodResolver(props.isOptional ? optional : required),
    defaultValues: { name: props.initial ?? "" },
  });
  const refused = props.error == null ? undefined : reasonOf(props.error);
  return (
    <form
      noValidate
      onSubmit={(event) => void form.handleSubmit((v) => props.onSubmit(v.name))(event)}
    >
      <Field
        label={props.isOptional ? `${t.common.name} (${t.common.optional})` : t.common.name}
        error={form.formState.errors.name?.message ?? refused}
      >
        {(ids) => (
          <Input
            {...ids}
            {...form.register("name")}
            placeholder={props.placeholder}
            autoComplete="off"
          />
        )}
      </Field>
      <DialogActions>
        <Button onClick={props.onCancel}>{t.common.cancel}</Button>
        <Button type="submit" look="solid" busy={props.busy}>
          {props.submit}
        </Button>
      </DialogActions>
    </form>
  );
}

function reasonOf(error: unknown): string {
  const field = error instanceof ApiError ? error.fields.find((f) => f.name === "name") : undefined;
  return field?.detail ?? messageOf(error);
}
