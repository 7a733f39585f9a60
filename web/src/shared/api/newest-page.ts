/** Messages of one page. */
export const PAGE = 50;

/** Where the newest messages of a session are. */
export const newestPage = (sessionId: string) =>
  `/api/v1/sessions/${sessionId}/messages?limit=${PAGE}`;
