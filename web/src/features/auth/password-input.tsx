import { Eye, EyeOff } from "lucide-react";
import { useState, type ComponentProps } from "react";
import { t } from "@/shared/i18n/strings";
import { Button } from "@/shared/ui/button";
import { Input } from "@/shared/ui/input";

export function PasswordInput(props: ComponentProps<"input">) {
  const [shown, setShown] = useState(false);
  const label = shown ? t.auth.hide : t.auth.show;
  return (
    <div className="relative">
      <Input {...props} type={shown ? "text" : "password"} className="pr-10" />
      <Button
        look="ghost"
        size="icon-sm"
        className="absolute top-1/2 right-1 -translate-y-1/2"
        title={label}
        aria-label={label}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOff /> : <Eye />}
      </Button>
    </div>
  );
}
