import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * Stands between the browser and Muster, as a router would that forgets its connections: what was open when it went
 * silent is never closed and never heard of again, and what is opened meanwhile is taken and not answered.
 */
export class SilentProxy {
  private readonly open = new Map<Socket, Socket>();
  private silent = false;

  private constructor(private readonly server: Server) {}

  static async start(target: string): Promise<SilentProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    const proxy = new SilentProxy(server);
    server.on("connection", (inside: Socket) => {
      const outside = connect(Number(port), hostname);
      proxy.open.set(inside, outside);
      for (const [from, to] of [
        [inside, outside],
        [outside, inside],
      ] as const) {
        from.setNoDelay(true);
        from.on("error", () => undefined);
        from.on("close", () => {
          proxy.open.delete(inside);
          to.destroy();
        });
        from.pipe(to);
      }
      if (proxy.silent) swallow(inside, outside);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many connections the browser holds. */
  get connections(): number {
    return this.open.size;
  }

  goSilent(): void {
    this.silent = true;
    for (const [inside, outside] of this.open) swallow(inside, outside);
  }

  /** For what is opened from now on. */
  comeBack(): void {
    this.silent = false;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const inside of this.open.keys()) inside.destroy();
    await closed;
  }
}

/** Reads what comes from either side, and passes nothing on. */
function swallow(...sides: readonly Socket[]): void {
  for (const side of sides) side.unpipe().resume();
}
