/** How the names of all that this browser keeps for one person begin: what they wrote and did not send. */
export const OWN = "muster.own.";

/** Whether there is something that was written and not sent: a draft, its files, or a message on its way. */
export const keepsUnsent = (): boolean =>
  Object.keys(localStorage).some((name) => /^(draft|outbox)/.test(name.split(OWN)[1] ?? ""));

/** For whoever signs in here next. */
export function forgetOwn(): void {
  for (const name of Object.keys(localStorage))
    if (name.startsWith(OWN)) localStorage.removeItem(name);
}
