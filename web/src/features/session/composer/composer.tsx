import { ArrowUp, ListPlus, Square } from "lucide-react";
import type { ReactNode } from "react";
import type { Worker } from "@/shared/api/types";
import { cn } from "@/shared/ui/cn";
import { nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Tooltip } from "@/shared/ui/tooltip";
import { useKeptFocus } from "@/shared/ui/use-kept-focus";
import { useOnceReady } from "@/shared/ui/use-once-ready";
import { takesFiles, takesImages } from "../attachments/attachment";
import { AttachButton } from "../attachments/attach-button";
import { DraftFileList } from "../attachments/draft-file-list";
import { addFiles, useDraftFiles } from "../attachments/draft-files";
import { useFileDrop } from "../attachments/use-file-drop";
import { ComposerNote } from "./composer-note";
import { MessageBox } from "./message-box";
import { ModeMenu } from "./mode-menu";
import { ModelMenu } from "./model-menu";
import { namedModel } from "../named-model";

interface ComposerProps {
  /** What the draft belongs to. */
  conversation: string;
  worker: Worker | undefined;
  /** Where the session works, as far as that was chosen. */
  directory: string;
  draft: string;
  onDraft: (text: string) => void;
  model: string;
  onModel: (model: string) => void;
  mode: string | null;
  onMode: (modeId: string) => void;
  onEditLast?: (() => void) | undefined;
  onSend: () => void;
  /** Beside the model. */
  choices?: ReactNode;
  busy?: boolean;
  /** The turn that runs: sending then queues, and it can be stopped. */
  running?: { text: string; stopping: boolean; onStop: () => void } | null;
  takesFocus?: boolean;
  above?: ReactNode;
}

export function Composer(props: ComposerProps) {
  const { worker, draft, running } = props;
  const files = useDraftFiles(props.conversation);
  const attach = (chosen: File[]) => addFiles(props.conversation, chosen);
  const drop = useFileDrop(attach);
  // Stopping takes its button away; so does removing a file, or withdrawing what waits above.
  const kept = useKeptFocus("#composer");
  const blind =
    files.some((f) => f.mediaType.startsWith("image/")) && !takesImages(worker, props.model);
  const unfit = blind || files.some((f) => f.error !== null);
  const place = { worker, directory: props.directory };
  const empty = draft.trim() === "" && files.length === 0;
  const send = () => {
    if (!empty && !unfit && !props.busy) props.onSend();
  };
  const arriving = files.some((f) => f.attachment === null && f.error === null);
  const sending = useOnceReady(unfit || !arriving, send);
  const busy = (props.busy ?? false) || sending.waits;
  return (
    <div
      {...kept}
      className="measure px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] md:px-5 md:pb-4"
    >
      {props.above}
      {sending.waits && <ComposerNote text={t.composer.waitsForFiles} />}
      <div
        {...drop.handlers}
        className={cn(
          "relative rounded-xl border border-line-strong bg-raised shadow-low transition-colors focus-within:border-signal",
          drop.over && "border-signal",
        )}
      >
        {drop.over && (
          <p className="pointer-events-none absolute inset-0 z-10 grid place-items-center rounded-xl bg-raised/90 text-ink-2">
            {t.attach.drop}
          </p>
        )}
        <DraftFileList
          conversation={props.conversation}
          files={files}
          noImages={blind ? t.attach.noImages(modelName(worker, props.model)) : null}
        />
        <MessageBox
          value={draft}
          place={place}
          placeholder={t.composer.placeholder(worker === undefined ? "" : nameOf(worker))}
          takesFocus={props.takesFocus ?? false}
          onChange={(text) => {
            sending.callOff();
            props.onDraft(text);
          }}
          onSend={sending.ask}
          onFiles={attach}
          onEditLast={props.onEditLast}
        />
        <div className="flex items-center gap-1.5 p-1.5">
          {takesFiles(worker) && <AttachButton onFiles={attach} />}
          <ModelMenu worker={worker} value={props.model} onChange={props.onModel} />
          <ModeMenu place={place} value={props.mode} onChange={props.onMode} />
          {props.choices}
          <span className="flex-1" />
          {running && <StopButton {...running} />}
          {(!running || !empty) && (
            <Tooltip text={t.composer.hint} side="top">
              <Button
                look="solid"
                size="icon"
                className="rounded-lg"
                aria-label={running ? t.composer.queue : t.composer.send}
                disabled={empty || unfit}
                busy={busy}
                onClick={sending.ask}
              >
                {!busy && (running ? <ListPlus /> : <ArrowUp />)}
              </Button>
            </Tooltip>
          )}
        </div>
      </div>
    </div>
  );
}

const modelName = (worker: Worker | undefined, id: string) =>
  namedModel(worker?.models ?? [], id)?.model.name ?? id;

function StopButton({ text, stopping, onStop }: NonNullable<ComposerProps["running"]>) {
  return (
    <Tooltip text={t.composer.stopNamed(text)} side="top">
      <Button
        size="md"
        className="rounded-lg"
        aria-label={t.composer.stopNamed(text)}
        busy={stopping}
        onClick={onStop}
      >
        {!stopping && <Square className="fill-current" />}
        {stopping ? t.composer.stopping : t.composer.stop}
      </Button>
    </Tooltip>
  );
}
