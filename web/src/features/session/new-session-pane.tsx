import { useState } from "react";
import type { ChatSession, Machine, Worker } from "@/shared/api/types";
import { openDialog } from "@/shared/dialogs/dialog-store";
import { isApproved, nameOf, waitHint, workerPresence } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { useGo } from "@/shared/nav/place";
import { Button } from "@/shared/ui/button";
import { Dot } from "@/shared/ui/dot";
import { PageMessage } from "@/shared/ui/page-message";
import { useOnceReady } from "@/shared/ui/use-once-ready";
import { useStartSession } from "./actions/use-session-actions";
import { clearFiles, moveFiles, useDraftFiles } from "./attachments/draft-files";
import { Composer } from "./composer/composer";
import { ComposerNote } from "./composer/composer-note";
import { namedModel } from "./named-model";
import { DirectoryMenu } from "./composer/directory-menu";
import { savedDraft, saveDraft, useDraft } from "./composer/use-draft";
import { useSendMessage } from "./composer/use-send-message";
import { WorkerSessions } from "./worker-sessions";

interface NewSessionPaneProps {
  worker: Worker;
  machine: Machine;
  sessions: readonly ChatSession[];
}

/** A worker without an open session: model and composer at once, the first message makes it. */
export default function NewSessionPane({ worker, machine, sessions }: NewSessionPaneProps) {
  const { workerId, models } = worker;
  const go = useGo();
  const send = useSendMessage();
  const start = useStartSession(workerId);
  const conversation = `worker:${workerId}`;
  const [draft, setDraft] = useDraft(conversation);
  const files = useDraftFiles(conversation);
  const newest = sessions.toSorted((a, b) => b.lastActivity - a.lastActivity)[0]?.model;
  const [chosen, setChosen] = useState<string | null>(null);
  const known = (name: string | null | undefined) =>
    name != null && namedModel(models, name) !== undefined ? name : undefined;
  const model = known(chosen) ?? known(newest) ?? models[0]?.modelId ?? "";
  const [mode, setMode] = useState<string | null>(null);
  const [directory, setDirectory] = useState("");
  const begin = () =>
    start.mutate(
      { model, mode, directory },
      {
        // The text leaves the draft only once there is a session that holds it.
        onSuccess: (session) => {
          const sessionId = session.chatSessionId;
          const attachments = files.flatMap((file) => file.attachment ?? []);
          void send({ sessionId, content: draft.trim(), files: attachments, model });
          // What was written on meanwhile is the beginning of the next message.
          const now = savedDraft(conversation);
          const rest = now.startsWith(draft) ? now.slice(draft.length) : now;
          saveDraft(sessionId, rest.trimStart());
          setDraft("");
          clearFiles(conversation, files);
          moveFiles(conversation, sessionId);
          go({ session: sessionId });
        },
      },
    );
  // Whoever writes before the worker has told its models has said enough: it goes when they are there.
  const beginning = useOnceReady(model !== "", begin);
  if (!isApproved(worker))
    return (
      <PageMessage title={t.worker.pendingTitle} text={t.worker.pendingText}>
        <Button
          look="solid"
          className="max-w-full"
          onClick={() => go({ machine: machine.machineId })}
        >
          <span className="truncate">{machine.name}</span>
        </Button>
        <Button
          onClick={() =>
            openDialog({ kind: "create-worker", machineId: machine.machineId, existing: workerId })
          }
        >
          {t.worker.showCommand}
        </Button>
      </PageMessage>
    );
  const presence = workerPresence(worker);
  const hint = waitHint(worker);
  return (
    <div className="flex min-h-full flex-col">
      <div className="measure flex flex-1 flex-col justify-end px-4 pt-10 pb-5 md:px-6">
        <p className="flex items-center gap-2 text-ink-2">
          <Dot {...presence} />
          {machine.name} · {presence.label}
          {worker.backend != null && ` · ${worker.backend}`}
        </p>
        <h1 className="mt-1 text-xl font-semibold tracking-[-0.02em] text-balance">
          {t.worker.newSessionTitle(nameOf(worker))}
        </h1>
        {hint !== null && <p className="mt-1 text-ink-2">{hint}</p>}
      </div>
      <Composer
        takesFocus
        conversation={conversation}
        worker={worker}
        draft={draft}
        onDraft={(text) => {
          beginning.callOff();
          setDraft(text);
        }}
        model={model}
        onModel={setChosen}
        mode={mode}
        onMode={setMode}
        directory={directory}
        choices={<DirectoryMenu worker={worker} value={directory} onChange={setDirectory} />}
        busy={start.isPending || beginning.waits}
        onSend={beginning.ask}
        above={beginning.waits && <ComposerNote text={t.composer.waitsForModels(nameOf(worker))} />}
      />
      <div className="measure flex-[1.3] px-4 pt-2 pb-8 md:px-6">
        <WorkerSessions sessions={sessions} />
      </div>
    </div>
  );
}
