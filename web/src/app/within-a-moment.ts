const MOMENT_MS = 200;

/**
 * Answers that were asked for before the program was there have most often come with it: what is shown first need not
 * change then. One that is late, or fails, is for what shows it.
 */
export const withinAMoment = (answers: readonly Promise<unknown>[]) =>
  Promise.race([
    Promise.allSettled(answers),
    new Promise((resolve) => setTimeout(resolve, MOMENT_MS)),
  ]);
