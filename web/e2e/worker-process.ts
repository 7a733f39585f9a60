import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** What a worker drives. */
export interface Agent {
  backend: "demo" | "opencode" | "openai";
  /** Further options of its command. */
  options?: readonly string[];
  /** Files of the worker's directory. */
  files?: Record<string, string>;
}

/** A worker-agent in directories of its own, as is whatever its agent keeps. */
export class WorkerProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly token: string,
    private readonly server: string,
    private readonly agent: Agent,
    private readonly home: string,
  ) {}

  static async start(token: string, server: string, agent: Agent): Promise<WorkerProcess> {
    const home = await mkdtemp(join(tmpdir(), "muster-e2e-"));
    const worker = new WorkerProcess(token, server, agent, home);
    await mkdir(worker.directory);
    for (const [name, content] of Object.entries(agent.files ?? {})) {
      const file = join(worker.directory, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    worker.spawn();
    return worker;
  }

  /** Where the agent works. */
  get directory(): string {
    return join(this.home, "project");
  }

  /** The environment that the agent has. */
  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      XDG_DATA_HOME: join(this.home, "data"),
      XDG_STATE_HOME: join(this.home, "state"),
    };
  }

  /** Starts it again with the same state, as a reboot of the machine would. */
  async restart(): Promise<void> {
    await this.end();
    this.spawn();
  }

  /** The demo no longer knows what was said, as an agent whose files were cleared away. */
  async forget(): Promise<void> {
    const all = await readdir(join(this.home, "state"), { recursive: true, withFileTypes: true });
    const memories = all.filter((file) => file.isFile() && basename(file.parentPath) === "demo");
    if (memories.length === 0) throw new Error("the demo remembers nothing");
    await Promise.all(memories.map(({ parentPath, name }) => rm(join(parentPath, name))));
  }

  async stop(): Promise<void> {
    await this.end();
    await rm(this.home, { recursive: true, force: true });
  }

  private spawn(): void {
    const program = process.env["MUSTER_WORKER_AGENT"];
    if (program === undefined) throw new Error("MUSTER_WORKER_AGENT names no worker-agent");
    const options = {
      "--token": this.token,
      "--server": this.server,
      "--backend": this.agent.backend,
      "--dir": this.directory,
    };
    this.child = spawn(
      program,
      ["run", ...Object.entries(options).flat(), ...(this.agent.options ?? [])],
      {
        stdio: "ignore",
        env: this.environment,
      },
    );
  }

  private async end(): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}
