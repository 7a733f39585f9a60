import Bowser from "bowser";
import { t } from "@/shared/i18n/strings";

/** "Firefox on Windows"; what is no browser that anyone knows keeps the name that it gave itself. */
export function deviceName(agent: string): string | null {
  if (agent.trim() === "") return null;
  const { browser, os } = Bowser.parse(agent);
  if (!browser.name) return agent;
  return os.name ? t.settings.browserOn(browser.name, os.name) : browser.name;
}
