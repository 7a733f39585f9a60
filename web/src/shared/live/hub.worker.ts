import { Hub } from "./hub";
import { openStream } from "./open-stream";

// The worker is named after the user, so that another sign-in never hears this one's events.
const scope = self as unknown as {
  name: string;
  onconnect: ((event: MessageEvent) => void) | null;
};
const hub = new Hub(scope.name, openStream);
scope.onconnect = (event) => {
  const port = event.ports[0];
  if (port !== undefined) hub.connect(port);
};
