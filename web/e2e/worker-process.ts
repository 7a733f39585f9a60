import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A worker-agent with the demo backend, in directories of its own. */
export class WorkerProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly token: string,
    private readonly server: string,
    private readonly root: string,
  ) {}

  static async start(token: string, server: string): Promise<WorkerProcess> {
    const root = await mkdtemp(join(tmpdir(), "muster-e2e-"));
    const worker = new WorkerProcess(token, server, root);
    worker.spawn();
    return worker;
  }

  /** Starts it again with the same state, as a reboot of the machine would. */
  async restart(): Promise<void> {
    await this.end();
    this.spawn();
  }

  async stop(): Promise<void> {
    await this.end();
    await rm(this.root, { recursive: true, force: true });
  }

  private spawn(): void {
    const program = process.env["MUSTER_WORKER_AGENT"];
    if (program === undefined) throw new Error("MUSTER_WORKER_AGENT names no worker-agent");
    const options = { "--token": this.token, "--server": this.server, "--backend": "demo" };
    const places = { "--dir": this.root, "--state-dir": join(this.root, "state") };
    this.child = spawn(program, ["run", ...Object.entries({ ...options, ...places }).flat()], {
      stdio: "ignore",
    });
  }

  private async end(): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}
