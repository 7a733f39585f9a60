import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** What a worker drives. */
export interface Agent {
  backend: "demo" | "opencode" | "acp" | "openai";
  /** Further options of its command. */
  options?: readonly string[];
  /** Files of the worker's directory. */
  files?: Record<string, string>;
  /** What its environment has beside the test's own. */
  environment?: Record<string, string>;
}

type Files = NonNullable<Agent["files"]>;

/** A worker-agent in directories of its own, as is whatever its agent keeps. */
export class WorkerProcess {
  private child: ChildProcess | undefined;
  private said = "";

  /** What it has written when it ended by itself; nothing while it runs. */
  get lastWords(): string {
    return this.child?.exitCode == null ? "" : this.said;
  }

  private constructor(
    private readonly command: readonly [string, ...string[]],
    private readonly home: string,
    private readonly added: Record<string, string>,
  ) {}

  static async start(token: string, server: string, agent: Agent): Promise<WorkerProcess> {
    const program = process.env["MUSTER_WORKER_AGENT"];
    if (program === undefined) throw new Error("MUSTER_WORKER_AGENT names no worker-agent");
    const options = { "--token": token, "--server": server, "--backend": agent.backend };
    const args = [...Object.entries(options).flat(), ...(agent.options ?? [])];
    return WorkerProcess.run([program, "run", ...args], agent.files, agent.environment);
  }

  /** Pastes the command that the page shows into a shell. */
  static async startBy(command: string): Promise<WorkerProcess> {
    return WorkerProcess.run(["sh", "-c", command]);
  }

  private static async run(
    command: [string, ...string[]],
    files: Files = {},
    environment: Record<string, string> = {},
  ) {
    const home = await mkdtemp(join(tmpdir(), "muster-e2e-"));
    const worker = new WorkerProcess(command, home, environment);
    await mkdir(worker.directory);
    for (const [name, content] of Object.entries(files)) {
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
      MUSTER_INSTALL_DIR: join(this.home, "bin"),
      ...this.added,
    };
  }

  /** Starts it again with the same state, as a reboot of the machine would. */
  async restart(): Promise<void> {
    await this.end();
    this.spawn();
  }

  /** Asks it to end, as whoever presses Ctrl-C does. */
  async end(): Promise<void> {
    await this.signal("SIGTERM");
  }

  /** Takes it away without a word, as the kernel would. */
  async kill(): Promise<void> {
    await this.signal("SIGKILL");
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
    const [program, ...args] = this.command;
    // A group of its own: a shell starts the worker beside itself.
    this.child = spawn(program, args, {
      cwd: this.directory,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      env: this.environment,
    });
    this.child.stderr?.on("data", (words: Buffer) => (this.said += words.toString()));
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child?.pid === undefined || child.exitCode !== null) return;
    // Not before the last one that could write there has ended.
    const ended = new Promise((resolve) => child.once("close", resolve));
    process.kill(-child.pid, signal);
    await ended;
  }
}
