import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import * as z from "zod/mini";
import { ApiError, messageOf } from "@/shared/api/api-error";
import { api, must } from "@/shared/api/client";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";
import { Input } from "@/shared/ui/input";
import { PasswordInput } from "./password-input";

const schema = z.object({
  username: z.string().check(z.trim(), z.minLength(2, t.auth.shortUsername)),
  password: z.string().check(z.minLength(8, t.auth.shortPassword)),
});
type Values = z.infer<typeof schema>;

interface RegisterFormProps {
  invitation: string | undefined;
  onDone: () => void;
}

export function RegisterForm({ invitation, onDone }: RegisterFormProps) {
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    defaultValues: { username: "", password: "" },
  });
  const register = useMutation({
    mutationFn: (values: Values) =>
      must(
        api.POST("/api/v1/auth/register", {
          body: { ...values, ...(invitation !== undefined && { invitation }) },
        }),
      ),
    onSuccess: onDone,
    onError: (error) => {
      for (const { name, detail } of error instanceof ApiError ? error.fields : [])
        if (name === "username" || name === "password") form.setError(name, { message: detail });
    },
  });
  const { errors } = form.formState;
  const named = errors.username !== undefined || errors.password !== undefined;
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => void form.handleSubmit((values) => register.mutate(values))(event)}
    >
      <Field label={t.auth.username} error={errors.username?.message}>
        {(ids) => (
          <Input
            {...ids}
            {...form.register("username")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
          />
        )}
      </Field>
      <Field label={t.auth.password} error={errors.password?.message} hint={t.auth.shortPassword}>
        {(ids) => (
          <PasswordInput {...ids} {...form.register("password")} autoComplete="new-password" />
        )}
      </Field>
      {register.isError && !named && (
        <p role="alert" className="text-sm text-bad-ink">
          {messageOf(register.error)}
        </p>
      )}
      <Button type="submit" look="solid" size="lg" busy={register.isPending}>
        {t.auth.register}
      </Button>
    </form>
  );
}
