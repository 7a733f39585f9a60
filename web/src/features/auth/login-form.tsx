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
  username: z.string().check(z.trim(), z.minLength(1, t.auth.needUsername)),
  password: z.string().check(z.minLength(1, t.auth.needPassword)),
});

export function LoginForm({ onDone }: { onDone: () => void }) {
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { username: "", password: "" },
  });
  const login = useMutation({
    mutationFn: (body: z.infer<typeof schema>) => must(api.POST("/api/v1/auth/login", { body })),
    onSuccess: onDone,
  });
  const { errors } = form.formState;
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => void form.handleSubmit((values) => login.mutate(values))(event)}
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
      <Field label={t.auth.password} error={errors.password?.message}>
        {(ids) => (
          <PasswordInput {...ids} {...form.register("password")} autoComplete="current-password" />
        )}
      </Field>
      {login.isError && (
        <p role="alert" className="text-sm text-bad-ink">
          {isWrong(login.error) ? t.auth.wrong : messageOf(login.error)}
        </p>
      )}
      <Button type="submit" look="solid" size="lg" busy={login.isPending}>
        {t.auth.signIn}
      </Button>
    </form>
  );
}

function isWrong(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
