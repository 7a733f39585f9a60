import { toast } from "sonner";
import { signInProblem } from "@/shared/account/sign-in-problem";
import { ApiError } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";

/** Says what went wrong with a way of signing in; what needs a fresh sign-in leads there and back. */
export function toastSignInProblem(error: unknown): void {
  const again = error instanceof ApiError && error.slug === "sign-in-again";
  const onClick = () => location.assign("/login?next=%2Fsettings");
  toast.error(signInProblem(error), again ? { action: { label: t.auth.signIn, onClick } } : {});
}
