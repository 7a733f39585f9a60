/** Has the browser save a session; how the file is called says the server. */
export function exportSession(sessionId: string, format: "markdown" | "json"): void {
  const link = document.createElement("a");
  link.href = `/api/v1/sessions/${encodeURIComponent(sessionId)}/export?format=${format}`;
  link.download = "";
  link.click();
}
