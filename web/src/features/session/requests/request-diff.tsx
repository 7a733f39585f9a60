import { DiffView } from "../reply/diff-view";
import { patchLines } from "../reply/patch-lines";

export default function RequestDiff({ patch }: { patch: string }) {
  return <DiffView lines={patchLines(patch)} />;
}
