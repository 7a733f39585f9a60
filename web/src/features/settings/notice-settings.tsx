import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BellOff, BellRing } from "lucide-react";
import { toast } from "@/shared/ui/toast";
import { useMe } from "@/shared/account/use-me";
import { t } from "@/shared/i18n/strings";
import { noticeState, turnOffNotices, turnOnNotices } from "@/shared/notices/notices";
import { Button } from "@/shared/ui/button";
import { Skeleton } from "@/shared/ui/skeleton";
import { toastError } from "@/shared/ui/toast-error";

const queryKey = ["notices"];

export function NoticeSettings() {
  const client = useQueryClient();
  const { userId } = useMe();
  const state = useQuery({ queryKey, queryFn: noticeState });
  const settled = {
    onSettled: () => void client.invalidateQueries({ queryKey }),
    onError: toastError,
  };
  const turnOn = useMutation({
    mutationFn: () => turnOnNotices(userId),
    onSuccess: () => toast.success(t.notices.isOn),
    ...settled,
  });
  const turnOff = useMutation({
    mutationFn: () => turnOffNotices(),
    onSuccess: () => toast(t.notices.isOff),
    ...settled,
  });
  switch (state.data) {
    case undefined:
      return <Skeleton className="h-9 w-44" />;
    case "unsupported":
    case "blocked":
      return <p className="text-pretty text-ink-2">{t.notices[state.data]}</p>;
    case "on":
      return (
        <Button disabled={turnOff.isPending} onClick={() => turnOff.mutate()}>
          <BellOff /> {t.notices.turnOff}
        </Button>
      );
    case "off":
      return (
        <Button disabled={turnOn.isPending} onClick={() => turnOn.mutate()}>
          <BellRing /> {t.notices.turnOn}
        </Button>
      );
  }
}
