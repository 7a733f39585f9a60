/** The session that J or K led to: whoever goes through them writes nothing yet, and the next J is no text. */
let session: string | null = null;

export function stepTo(next: string | null): void {
  session = next;
}

export const isSteppedTo = (opened: string): boolean => opened === session;
