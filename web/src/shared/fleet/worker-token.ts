/** The token says which worker is meant, and is made of nothing but the two ids. */
export function workerToken({
  machineId,
  workerId,
}: {
  machineId: string;
  workerId: string;
}): string {
  return `machine_${machineId}:worker_${workerId}`;
}
