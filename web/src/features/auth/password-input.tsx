import { Eye, EyeOff } from "lucide-react";
import { useState, type ComponentProps } from "react";
import { t } from "@/shared/i18n/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { Input } from "@/shared/ui/input";

export function PasswordInput(props: ComponentProps<"input">) {
  const [shown, setShown] = useState(false);
  return (
    <div className="relative">
      <Input {...props} type={shown ? "text" : "password"} className="pr-10" />
      <IconButton
        size="icon-sm"
        className="absolute top-1/2 right-1 -translate-y-1/2"
        label={shown ? t.auth.hide : t.auth.show}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOff /> : <Eye />}
      </IconButton>
    </div>
  );
}
