import { useStore } from "zustand";
import { chosenLanguage, chooseLanguage, type Language } from "@/shared/i18n/language";
import { t } from "@/shared/i18n/strings";
import { setTheme, themeStore } from "@/shared/theme/theme";
import { Choice } from "@/shared/ui/choice";

// A language names itself, so that whoever landed in the wrong one finds the way out.
const languages: Record<Language, string> = { en: "English", de: "Deutsch" };

export function AppearanceSettings() {
  const theme = useStore(themeStore);
  return (
    <div className="flex flex-col gap-4">
      <Choice
        label={t.settings.theme}
        options={t.settings.themes}
        value={theme}
        onChange={setTheme}
      />
      <Choice
        label={t.settings.language}
        options={languages}
        value={chosenLanguage()}
        onChange={chooseLanguage}
      />
    </div>
  );
}
