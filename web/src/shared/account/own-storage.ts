/** How the names of all that this browser keeps for one person begin: what they wrote and did not send. */
export const OWN = "muster.own.";

/** For whoever signs in here next. */
export function forgetOwn(): void {
  for (const name of Object.keys(localStorage))
    if (name.startsWith(OWN)) localStorage.removeItem(name);
}
