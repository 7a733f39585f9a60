const PROTOCOLS = new Set(["http:", "https:", "mailto:"]);
/** Where the server keeps what users attached. */
const ATTACHMENT = /^\/api\/v1\/attachments\/[\w-]{21}$/;

/**
 * The address of a link that may be followed. A path means a file of the agent's here, not one of
 * this page's own places, so only a whole address is a link.
 */
export function safeHref(href: string | undefined): string | undefined {
  if (href === undefined || !URL.canParse(href)) return undefined;
  const url = new URL(href);
  return PROTOCOLS.has(url.protocol) ? url.href : undefined;
}

/** Whether a picture is one that a user attached: only those are fetched. */
export function isAttachment(src: string | undefined): src is string {
  return src !== undefined && ATTACHMENT.test(src);
}
