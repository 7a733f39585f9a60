import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/shared/ui/toast";
import { api, must } from "@/shared/api/client";
import { ago } from "@/shared/i18n/time";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { LoadError } from "@/shared/ui/load-error";
import { Skeleton } from "@/shared/ui/skeleton";
import { toastError } from "@/shared/ui/toast-error";
import { deviceName } from "@/shared/account/device-name";

const queryKey = ["devices"];

export function DeviceSettings() {
  const client = useQueryClient();
  const devices = useQuery({
    queryKey,
    queryFn: () => must(api.GET("/api/v1/auth/devices", {})),
  });
  const signOut = useMutation({
    mutationFn: (deviceId: string) =>
      must(api.DELETE("/api/v1/auth/devices/{deviceId}", { params: { path: { deviceId } } })),
    onSuccess: () => {
      toast(t.settings.signedOutThere);
      void client.invalidateQueries({ queryKey });
    },
    onError: toastError,
  });
  if (devices.isPending) return <Skeleton className="h-10 w-full" />;
  if (devices.isError)
    return <LoadError error={devices.error} onRetry={() => void devices.refetch()} />;
  return (
    <ul className="divide-y divide-line">
      {devices.data.items.map((device) => (
        <li key={device.deviceId} className="flex items-center gap-3 py-2 first:pt-0">
          <div className="mr-auto min-w-0">
            <p className="truncate" title={device.agent}>
              {deviceName(device.agent) ?? (device.address || t.settings.unknownDevice)}
            </p>
            <p className="text-xs text-ink-3">
              {device.current
                ? t.settings.thisDevice
                : t.settings.signedInSince(ago(device.createdAt))}
            </p>
          </div>
          {!device.current && (
            <Button size="sm" onClick={() => signOut.mutate(device.deviceId)}>
              {t.settings.signOutThere}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
