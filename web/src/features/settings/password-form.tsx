import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import * as z from "zod/mini";
import { ApiError } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { toastError } from "@/shared/ui/toast-error";

const schema = z.object({
  current: z.string().check(z.minLength(1, t.auth.needPassword)),
  next: z.string().check(z.minLength(8, t.auth.shortPassword)),
});
type Values = z.infer<typeof schema>;

export function PasswordForm({ onDone }: { onDone: () => void }) {
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { current: "", next: "" },
  });
  const change = useMutation({
    mutationFn: (body: Values) => must(api.POST("/api/v1/auth/password", { body })),
    onSuccess: () => {
      toast.success(t.settings.changed);
      onDone();
    },
    onError: (error) => {
      const fields = error instanceof ApiError ? error.fields : [];
      for (const { name, detail } of fields)
        if (name === "current" || name === "next") form.setError(name, { message: detail });
      if (fields.length === 0) toastError(error);
    },
  });
  const { errors } = form.formState;
  return (
    <form
      noValidate
      className="mt-4 flex max-w-sm flex-col gap-3"
      onSubmit={(event) => void form.handleSubmit((values) => change.mutate(values))(event)}
    >
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
      <Field label={t.auth.newPassword} error={errors.next?.message}>
        {(ids) => (
          <Input {...ids} {...form.register("next")} type="password" autoComplete="new-password" />
        )}
      </Field>
      <div className="flex gap-2">
        <Button type="submit" look="solid" busy={change.isPending}>
          {t.settings.changePassword}
        </Button>
        <Button onClick={onDone}>{t.common.cancel}</Button>
      </div>
    </form>
  );
}
