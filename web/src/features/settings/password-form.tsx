import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "@/shared/ui/toast";
import * as z from "zod/mini";
import { meQuery, useMe } from "@/shared/account/use-me";
import { ApiError } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { toastSignInProblem } from "./sign-in-again";

const next = z.string().check(z.minLength(8, t.auth.shortPassword));
const change = z.object({ current: z.string().check(z.minLength(1, t.auth.needPassword)), next });
/** An account that was made by a provider has none yet. */
const set = z.object({ current: z.string(), next });
type Values = z.infer<typeof set>;

export function PasswordForm({ onDone }: { onDone: () => void }) {
  const { hasPassword } = useMe();
  const client = useQueryClient();
  const form = useForm<Values>({
    resolver: zodResolver(hasPassword ? change : set),
    defaultValues: { current: "", next: "" },
  });
  const save = useMutation({
    mutationFn: ({ current, next }: Values) =>
      must(api.POST("/api/v1/auth/password", { body: hasPassword ? { current, next } : { next } })),
    onSuccess: async () => {
      toast.success(t.settings.changed);
      await client.invalidateQueries(meQuery);
      onDone();
    },
    onError: (error) => {
      const fields = error instanceof ApiError ? error.fields : [];
      for (const { name, detail } of fields)
        if (name === "current" || name === "next") form.setError(name, { message: detail });
      if (fields.length === 0) toastSignInProblem(error);
    },
  });
  const { errors } = form.formState;
  return (
    <form
      noValidate
      className="mt-4 flex max-w-sm flex-col gap-3"
      onSubmit={(event) => void form.handleSubmit((values) => save.mutate(values))(event)}
    >
      {hasPassword && (
        <Field label={t.settings.current} error={errors.current?.message}>
          {(ids) => (
            <Input
              {...ids}
              {...form.register("current")}
              type="password"
              autoComplete="current-password"
            />
          )}
        </Field>
      )}
      <Field label={t.auth.newPassword} error={errors.next?.message}>
        {(ids) => (
          <Input {...ids} {...form.register("next")} type="password" autoComplete="new-password" />
        )}
      </Field>
      <div className="flex gap-2">
        <Button type="submit" look="solid" busy={save.isPending}>
          {hasPassword ? t.settings.changePassword : t.settings.setPassword}
        </Button>
        <Button onClick={onDone}>{t.common.cancel}</Button>
      </div>
    </form>
  );
}
