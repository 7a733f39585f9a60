import { useQueryClient } from "@tanstack/react-query";
import type { Registration } from "@/shared/api/types";
import { BatchActions } from "@/shared/batch/batch-actions";
import { t } from "@/shared/i18n/strings";
import { approveWorker } from "./use-approve-worker";
import { rejectWorker } from "./use-reject-worker";

interface RegistrationBatchProps {
  asking: readonly { registration: Registration; name: string }[];
}

/** The decision on several workers at once that ask to join. */
export function RegistrationBatch({ asking }: RegistrationBatchProps) {
  const client = useQueryClient();
  const tasks = (act: (registration: Registration) => Promise<unknown>, among = asking) =>
    among.map(({ registration, name }) => ({
      key: `${registration.workerId} ${registration.fingerprint}`,
      name,
      run: () => act(registration),
    }));
  const keysOf = (id: string) => asking.filter(({ registration: r }) => r.workerId === id).length;
  // Which of several keys is a worker's is never decided in passing.
  const plain = asking.filter(({ registration: r }) => !r.mismatch && keysOf(r.workerId) === 1);
  return (
    <BatchActions
      label={t.needs.workersAsk(asking.length)}
      actions={[
        {
          label: t.needs.rejectAll,
          tasks: tasks((registration) => rejectWorker(client, registration)),
          confirm: {
            title: t.needs.rejectWorkersTitle(asking.length),
            text: t.needs.rejectWorkersText,
          },
        },
        {
          label: t.needs.approveAll,
          solid: true,
          tasks: tasks((registration) => approveWorker(client, registration), plain),
        },
      ]}
    />
  );
}
