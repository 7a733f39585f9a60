import { zodResolver } from "@hookform/resolvers/zod";
import { useForm, useWatch } from "react-hook-form";
import * as z from "zod/mini";
import { ApiError, messageOf } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Choice } from "@/shared/ui/choice";
import { CommandLine } from "@/shared/ui/command-line";
import { Dialog, DialogActions } from "@/shared/ui/dialog";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { isSignInProblem, SIGN_IN_AND_BACK } from "./sign-in-again";
import { useCreateToken } from "./use-tokens";

const DAY_MS = 24 * 60 * 60 * 1000;
const SCOPES = ["read", "chat", "manage"] as const;
const DAYS = { month: 30, quarter: 90, year: 365, never: null } as const;

const schema = z.object({
  name: z.string().check(z.trim(), z.minLength(1, t.tokens.needName)),
  scopes: z.array(z.enum(SCOPES)).check(z.minLength(1, t.tokens.needScope)),
  lasts: z.enum(["month", "quarter", "year", "never"]),
});
type Values = z.infer<typeof schema>;

/** Asks for a token's name and rights, then shows its secret, this once. */
export function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateToken();
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { name: "", scopes: ["read"], lasts: "quarter" },
  });
  const lasts = useWatch({ control: form.control, name: "lasts" });
  const submit = ({ name, scopes, lasts }: Values) => {
    const days = DAYS[lasts];
    const expiry = days === null ? {} : { expiresAt: Date.now() + days * DAY_MS };
    create.mutate(
      { name, scopes, ...expiry },
      {
        onError: (error) => {
          for (const field of error instanceof ApiError ? error.fields : [])
            if (field.name === "name" || field.name === "scopes")
              form.setError(field.name, { message: field.detail });
        },
      },
    );
  };
  if (create.data !== undefined) return <Secret value={create.data.secret} onClose={onClose} />;
  const { errors } = form.formState;
  return (
    <Dialog open onOpenChange={onClose} title={t.tokens.create} description={t.tokens.createText}>
      <form
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => void form.handleSubmit(submit)(event)}
      >
        <Field label={t.common.name} error={errors.name?.message}>
          {(ids) => <Input {...ids} {...form.register("name")} maxLength={64} />}
        </Field>
        <Field label={t.tokens.may} error={errors.scopes?.message}>
          {(ids) => (
            <div {...ids} role="group" aria-label={t.tokens.may} className="flex flex-col gap-1">
              {SCOPES.map((scope) => (
                <label key={scope} className="flex touch items-start gap-2.5">
                  <input
                    type="checkbox"
                    value={scope}
                    {...form.register("scopes")}
                    className="mt-1 accent-[var(--signal)]"
                  />
                  <span>
                    {t.tokens.scopes[scope]}
                    <span className="block text-xs text-ink-3">{t.tokens.scopeText[scope]}</span>
                  </span>
                </label>
              ))}
            </div>
          )}
        </Field>
        <Choice
          label={t.tokens.lasts}
          options={t.tokens.lastsFor}
          value={lasts}
          onChange={(value) => form.setValue("lasts", value)}
        />
        {create.isError && Object.keys(errors).length === 0 && (
          <p role="alert" className="text-sm text-bad-ink">
            {messageOf(create.error)}{" "}
            {isSignInProblem(create.error) && (
              <a className="underline" href={SIGN_IN_AND_BACK}>
                {t.auth.signIn}
              </a>
            )}
          </p>
        )}
        <DialogActions>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button type="submit" look="solid" busy={create.isPending}>
            {t.tokens.create}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Secret({ value, onClose }: { value: string; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title={t.tokens.made} description={t.tokens.madeText}>
      <CommandLine label={t.tokens.secret} copyLabel={t.tokens.copy} text={value} />
      <DialogActions>
        <Button look="solid" onClick={onClose}>
          {t.common.done}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
