import { useId } from "react";
import { t } from "@/shared/i18n/strings";
import { agents, type AgentId } from "./agents";

/** Which agent the command shall be for. */
export function AgentSelect({
  value,
  onChange,
}: {
  value: AgentId;
  onChange: (value: AgentId) => void;
}) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium text-ink-2">
        {t.worker.agent}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value as AgentId)}
        className="h-8 touch w-full rounded-md border border-line bg-panel px-2 text-ink"
      >
        {agents.map((agent) => (
          <option key={agent.id} value={agent.id}>
            {agent.name ?? t.worker.agentKinds[agent.id]}
          </option>
        ))}
      </select>
    </div>
  );
}
