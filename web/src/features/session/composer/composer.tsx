import { ArrowUp, ListPlus, Square } from "lucide-react";
import type { ReactNode } from "react";
import type { Worker } from "@/shared/api/types";
import { nameOf } from "@/shared/fleet/presence";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Tooltip } from "@/shared/ui/tooltip";
import { MessageBox } from "./message-box";
import { ModelMenu } from "./model-menu";

interface ComposerProps {
  worker: Worker | undefined;
  draft: string;
  onDraft: (text: string) => void;
  model: string;
  onModel: (modelId: string) => void;
  onSend: () => void;
  busy?: boolean;
  /** The turn that runs: sending then queues, and it can be stopped. */
  running?: { text: string; stopping: boolean; onStop: () => void } | null;
  takesFocus?: boolean;
  above?: ReactNode;
}

export function Composer(props: ComposerProps) {
  const { worker, draft, running } = props;
  const empty = draft.trim() === "";
  const send = () => {
    if (!empty && !props.busy) props.onSend();
  };
  return (
    <div className="measure px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] md:px-5 md:pb-4">
      {props.above}
      <div className="rounded-xl border border-line-strong bg-raised shadow-low transition-colors focus-within:border-signal">
        <MessageBox
          value={draft}
          placeholder={t.composer.placeholder(worker === undefined ? "" : nameOf(worker))}
          takesFocus={props.takesFocus ?? false}
          onChange={props.onDraft}
          onSend={send}
        />
        <div className="flex items-center gap-1.5 p-1.5">
          <ModelMenu worker={worker} value={props.model} onChange={props.onModel} />
          <span className="flex-1" />
          {running && <StopButton {...running} />}
          {(!running || !empty) && (
            <Tooltip text={t.composer.hint} side="top">
              <Button
                look="solid"
                size="icon"
                className="rounded-lg"
                aria-label={running ? t.composer.queue : t.composer.send}
                disabled={empty}
                busy={props.busy ?? false}
                onClick={send}
              >
                {!props.busy && (running ? <ListPlus /> : <ArrowUp />)}
              </Button>
            </Tooltip>
          )}
        </div>
      </div>
    </div>
  );
}

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
