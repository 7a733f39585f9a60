import { Smartphone } from "lucide-react";
import { useState } from "react";
import { useServer } from "@/shared/fleet/use-server";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { onDemand } from "@/shared/ui/on-demand";
import { Skeleton } from "@/shared/ui/skeleton";

const QrCode = onDemand(
  () => import("./qr-code"),
  () => <Skeleton className="size-44" />,
);

/** The way to this server for whoever holds a phone. */
export function PhoneSettings() {
  const [open, setOpen] = useState(false);
  const localOnly = useServer().data?.localOnly === true;
  return (
    <div className="mt-4">
      <Button aria-expanded={open} onClick={() => setOpen(!open)}>
        <Smartphone /> {t.settings.onPhone}
      </Button>
      {open &&
        (localOnly ? (
          <p className="mt-3 text-xs text-pretty text-ink-3">{t.settings.onlyHere}</p>
        ) : (
          <figure className="mt-3 flex w-fit flex-col gap-2">
            <QrCode text={location.origin} />
            <figcaption className="text-xs text-ink-3">
              {t.settings.onPhoneText}
              <span className="block font-mono break-all">{location.origin}</span>
            </figcaption>
          </figure>
        ))}
    </div>
  );
}
