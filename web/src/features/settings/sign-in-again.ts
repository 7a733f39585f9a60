import { toast } from "@/shared/ui/toast";
import { signInProblem } from "@/shared/account/sign-in-problem";
import { ApiError } from "@/shared/api/api-error";
import { t } from "@/shared/i18n/strings";

export const SIGN_IN_AND_BACK = "/login?next=%2Fsettings";

/** Whether this needs a fresh sign-in. */
export function isSignInProblem(error: unknown): boolean {
  return error instanceof ApiError && error.slug === "sign-in-again";
}

/** Says what went wrong with a way of signing in; what needs a fresh sign-in leads there and back. */
export function toastSignInProblem(error: unknown): void {
  const onClick = () => location.assign(SIGN_IN_AND_BACK);
  const action = isSignInProblem(error) ? { action: { label: t.auth.signIn, onClick } } : {};
  toast.error(signInProblem(error), action);
}
